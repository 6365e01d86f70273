import type { SecretRef } from './secrets.js';

/** Backend kinds that are set up by a profile: a configuration file and a credential. */
export const PROFILE_KINDS = ['codex', 'acp'] as const;
export type ProfileKind = (typeof PROFILE_KINDS)[number];

const DEFAULT_PROFILE_KIND: ProfileKind = 'codex';

/** The kind of a profile that is not set yet: its name may be one. */
export function kindOfNew(name: string): ProfileKind {
  return hasProfiles(name) ? name : DEFAULT_PROFILE_KIND;
}

/** Profiles that are there before they are set: their kind needs nothing of a file. */
export const BUILT_IN_PROFILES: readonly ProfileKind[] = ['codex'];

/** JSON Schema pattern of a profile's name. */
export const PROFILE_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

/** Largest configuration file, in characters. A runner reads it in one line with everything else that it is handed. */
export const PROFILE_CONFIG_MAX = 65_536;

export function hasProfiles(kind: string): kind is ProfileKind {
  return (PROFILE_KINDS as readonly string[]).includes(kind);
}

/** The bundle in which a profile is kept. */
export function profileRef(name: string): SecretRef {
  return { kind: 'provider-profile', name };
}

/**
 * Its fields. A runner reads `kind`, `config` (the file's text), `apiKey` and `authJson` (its text); at most one of the latter two is
 * set. The others are told in answers instead of the values.
 */
export const PROFILE_FIELDS = [
  'kind',
  'config',
  'configUpdatedAt',
  'apiKey',
  'authJson',
  'credentialFingerprint',
  'credentialUpdatedAt',
] as const;
export type ProfileFields = Partial<Record<(typeof PROFILE_FIELDS)[number], string>>;
