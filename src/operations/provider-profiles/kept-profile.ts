import type { CredentialType } from '../../contract/provider-profile.js';
import { AgentRunError, invalid } from '../../domain/errors.js';
import { hasProfiles, kindOfNew, PROFILE_NAME_PATTERN, type ProfileKind } from '../../domain/profiles.js';
import type { SecretBundle } from '../../ports/secret-store.js';
import type { CredentialNeed } from './codex-config.js';
import { holdsApiKey } from './credentials.js';
import { PROFILE_KIND_RULES } from './profile-kinds.js';

/** A profile as it is kept, read from its bundle. The values of `config`, `apiKey` and `authJson` are secret. */
export interface KeptProfile {
  readonly name: string;
  readonly kind: ProfileKind;
  readonly config: string | undefined;
  readonly configUpdatedAt: string | null;
  readonly credential: KeptCredential | undefined;
  /** Epoch milliseconds; null for one that is not set yet. */
  readonly updatedAtMs: number | null;
  /** Why it cannot be read, where it cannot. */
  readonly unreadable: string | undefined;
}

export interface KeptCredential {
  readonly type: CredentialType;
  readonly value: string;
  readonly fingerprint: string;
  readonly updatedAt: string;
}

const NAME = new RegExp(PROFILE_NAME_PATTERN);

/** @throws schema-invalid, naming `profile`, for what can name no profile. */
export function assertProfileName(name: string): void {
  if (!NAME.test(name)) {
    throw invalid(
      'profile',
      'a profile is named by up to 63 letters, digits, ".", "_" and "-", the first a letter or digit',
    );
  }
  if (name === 'exec') throw invalid('profile', 'exec is a backend without settings: it has no profile');
}

/** A profile that has the name of a kind is of that kind. @throws schema-invalid, naming `kind`. */
export function assertKindFits(name: string, kind: ProfileKind): void {
  if (!hasProfiles(name) || name === kind) return;
  throw invalid('kind', `the profile ${name} is of the kind ${name}: one of the kind ${kind} needs another name`);
}

/** What a bundle says of its profile; of one that is not set yet where there is none. */
export function keptProfile(name: string, bundle: SecretBundle | undefined): KeptProfile {
  const { kind = '', config, configUpdatedAt = null } = bundle?.fields ?? {};
  return {
    name,
    kind: hasProfiles(kind) ? kind : kindOfNew(name),
    config,
    configUpdatedAt,
    credential: credentialOf(bundle?.fields ?? {}),
    updatedAtMs: bundle?.updatedAtMs ?? null,
    unreadable: bundle?.unreadable,
  };
}

/** Why a run on the profile would find its provider closed, or its file of no use; null when it would not. */
export function credentialFault(profile: KeptProfile): string | null {
  if (profile.unreadable !== undefined) return profile.unreadable;
  const need = credentialNeed(profile);
  if (typeof need === 'object') return need.fault;
  const { name, credential } = profile;
  const remedy = `PUT /api/v1/provider-profiles/${name}/credential, or \`agentrun profile credential ${name}\``;
  if (need === 'none') return null;
  if (credential === undefined) return `no credential is set: ${remedy}`;
  if (need === 'any-credential' || holdsApiKey(credential)) return null;
  return `it takes an API key, and the auth.json that is set holds a login alone: ${remedy}`;
}

/** What was put into the store by other hands was never checked. */
function credentialNeed({ kind, config }: KeptProfile): CredentialNeed | { readonly fault: string } {
  try {
    return PROFILE_KIND_RULES[kind].credentialNeed(config);
  } catch (error) {
    if (error instanceof AgentRunError) return { fault: error.message };
    throw error;
  }
}

function credentialOf(fields: SecretBundle['fields']): KeptCredential | undefined {
  const { apiKey, authJson, credentialFingerprint: fingerprint = '', credentialUpdatedAt: updatedAt = '' } = fields;
  if (apiKey !== undefined) return { type: 'api-key', value: apiKey, fingerprint, updatedAt };
  return authJson === undefined ? undefined : { type: 'auth-json', value: authJson, fingerprint, updatedAt };
}
