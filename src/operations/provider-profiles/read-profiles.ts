import { createHash } from 'node:crypto';
import type { ProfileConfig, ProviderProfile, ProviderProfileList } from '../../contract/provider-profile.js';
import { BUILT_IN_PROFILES, profileRef } from '../../domain/profiles.js';
import type { OperationContext } from '../context.js';
import { assertProfileName, keptProfile, type KeptProfile } from './kept-profile.js';
import { PROFILE_KIND_RULES } from './profile-kinds.js';

/** Every profile that is kept, and those of built-in backends also before they are set. By name. */
export async function listProfiles(context: OperationContext): Promise<ProviderProfileList> {
  const kept = await context.secrets.list('provider-profile');
  const profiles = kept.map((bundle) => keptProfile(bundle.ref.name, bundle));
  const unset = BUILT_IN_PROFILES.filter((builtIn) => !profiles.some(({ name }) => name === builtIn));
  const all = [...profiles, ...unset.map((name) => keptProfile(name, undefined))];
  const items = await Promise.all(all.map((profile) => describe(context, profile)));
  return { items: items.sort((a, b) => (a.profile < b.profile ? -1 : 1)), valuesPrinted: false };
}

/** @throws schema-invalid for a name that no profile can have. */
export async function getProfile(context: OperationContext, name: string): Promise<ProviderProfile> {
  return describe(context, await readProfile(context, name));
}

/** The configuration file with what looks secret in it hidden, and the profile's credential wherever it stands. */
export async function getProfileConfig(context: OperationContext, name: string): Promise<ProfileConfig> {
  const profile = await readProfile(context, name);
  const { kind, config, credential } = profile;
  const secrets = credential?.type === 'api-key' ? [credential.value] : [];
  const shown = config === undefined ? undefined : PROFILE_KIND_RULES[kind].redact(config, secrets);
  return {
    profile: name,
    kind,
    configured: config !== undefined,
    config: shown?.text ?? null,
    redacted: shown?.count ?? 0,
    sha256: sha256(config),
    updatedAt: profile.configUpdatedAt,
    valuesPrinted: false,
  };
}

export async function readProfile(context: OperationContext, name: string): Promise<KeptProfile> {
  assertProfileName(name);
  return keptProfile(name, await context.secrets.read(profileRef(name)));
}

async function describe(context: OperationContext, profile: KeptProfile): Promise<ProviderProfile> {
  const { name, kind, config, credential, updatedAtMs } = profile;
  const backend = await context.backends.get(name);
  return {
    profile: name,
    kind,
    configured: config !== undefined || credential !== undefined,
    config: { configured: config !== undefined, sha256: sha256(config), updatedAt: profile.configUpdatedAt },
    credential: {
      configured: credential !== undefined,
      type: credential?.type ?? null,
      fingerprint: credential?.fingerprint ?? null,
      updatedAt: credential?.updatedAt ?? null,
      reachesAgent: PROFILE_KIND_RULES[kind].credentialReachesAgent,
    },
    ready: backend?.ready ?? false,
    reason:
      backend === undefined ? `there is no such profile: PUT /api/v1/provider-profiles/${name}/config` : backend.reason,
    updatedAt: updatedAtMs ? new Date(updatedAtMs).toISOString() : null,
    valuesPrinted: false,
  };
}

function sha256(text: string | undefined): string | null {
  return text === undefined ? null : createHash('sha256').update(text).digest('hex');
}
