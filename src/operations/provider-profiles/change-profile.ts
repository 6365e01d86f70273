import type {
  ProfileConfig,
  ProfileConfigWrite,
  ProfileCredential,
  ProfileCredentialWrite,
  ProfileRemoved,
} from '../../contract/provider-profile.js';
import { invalid } from '../../domain/errors.js';
import { profileRef, type ProfileFields } from '../../domain/profiles.js';
import type { Principal } from '../../domain/principal.js';
import { requireInstallation } from '../access.js';
import type { OperationContext } from '../context.js';
import { credentialOf, fingerprintOf } from './credentials.js';
import { assertKindFits, assertProfileName, keptProfile } from './kept-profile.js';
import { PROFILE_KIND_RULES } from './profile-kinds.js';
import { getProfileConfig, readProfile } from './read-profiles.js';

/** Changes of profiles. What is refused changes nothing. A runner that works has what it was handed; the next one gets the new. */

/** @throws schema-invalid for a file that the backend could not use, naming the place in it; forbidden. */
export async function setProfileConfig(
  context: OperationContext,
  principal: Principal,
  name: string,
  body: ProfileConfigWrite,
): Promise<ProfileConfig> {
  requireInstallation(principal);
  assertProfileName(name);
  const kind = body.kind ?? (await readProfile(context, name)).kind;
  assertKindFits(name, kind);
  PROFILE_KIND_RULES[kind].checkConfig(body.config);
  await merge(context, name, { kind, config: body.config, configUpdatedAt: new Date().toISOString() });
  return getProfileConfig(context, name);
}

/** @throws schema-invalid for what can be no credential, naming its field; forbidden. */
export async function setProfileCredential(
  context: OperationContext,
  principal: Principal,
  name: string,
  body: ProfileCredentialWrite,
): Promise<ProfileCredential> {
  requireInstallation(principal);
  assertProfileName(name);
  const credential = credentialOf(body);
  const { kind } = await readProfile(context, name);
  if (!PROFILE_KIND_RULES[kind].credentialTypes.includes(credential.type)) {
    throw invalid('authJson', `a profile of the kind ${kind} takes an apiKey, and no authJson`);
  }
  const fingerprint = await fingerprintOf(credential);
  const updatedAt = new Date().toISOString();
  await merge(context, name, {
    kind,
    apiKey: credential.type === 'api-key' ? credential.value : null,
    authJson: credential.type === 'auth-json' ? credential.value : null,
    credentialFingerprint: fingerprint,
    credentialUpdatedAt: updatedAt,
  });
  const { type } = credential;
  return { profile: name, kind, configured: true, type, fingerprint, updatedAt, valuesPrinted: false };
}

/** Takes all of a profile away, also what cannot be read any more; says what was there. Runs that have a runner go on. */
export async function removeProfile(
  context: OperationContext,
  principal: Principal,
  name: string,
): Promise<ProfileRemoved> {
  requireInstallation(principal);
  assertProfileName(name);
  const removed = await whatIsThere(context, name);
  const isGone = await context.secrets.delete(profileRef(name));
  return { profile: name, removed: isGone ? removed : [], valuesPrinted: false };
}

async function whatIsThere(context: OperationContext, name: string): Promise<ProfileRemoved['removed']> {
  const kept = await context.secrets.list('provider-profile');
  const bundle = kept.find(({ ref }) => ref.name === name);
  const { config, credential, unreadable } = keptProfile(name, bundle);
  if (bundle === undefined || unreadable !== undefined) return ['unreadable'];
  return [...(config === undefined ? [] : (['config'] as const)), ...(credential ? (['credential'] as const) : [])];
}

async function merge(
  context: OperationContext,
  name: string,
  fields: { readonly [F in keyof ProfileFields]: string | null },
): Promise<void> {
  await context.secrets.merge(profileRef(name), fields);
}
