import { Type, type Static } from 'typebox';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { idPattern } from '../domain/ids.js';
import { PROFILE_CONFIG_MAX, PROFILE_KINDS } from '../domain/profiles.js';
import { CommandId, IdempotencyKey, Name, Nullable, RunId, RunnerJobId, Timestamp, ValuesPrinted } from './common.js';

const Kind = Type.Enum(PROFILE_KINDS);
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const CREDENTIAL_TYPES = ['api-key', 'auth-json'] as const;
export type CredentialType = (typeof CREDENTIAL_TYPES)[number];

export const ValidationId = Type.String({ pattern: idPattern('val') });

/** A backend profile as it is kept. What is not set yet has `configured: false`. */
export const ProviderProfile = Type.Object({
  profile: Type.String(),
  kind: Kind,
  /** A configuration file or a credential is kept. */
  configured: Type.Boolean(),
  config: Type.Object({
    configured: Type.Boolean(),
    sha256: Nullable(Sha256),
    updatedAt: Nullable(Timestamp),
  }),
  credential: Type.Object({
    configured: Type.Boolean(),
    type: Nullable(Type.Enum(CREDENTIAL_TYPES)),
    /** Tells two credentials apart; the credential cannot be had from it. */
    fingerprint: Nullable(Type.String()),
    updatedAt: Nullable(Timestamp),
    /** The agent is given it in its environment, where the commands that it runs can read it. False: it stays with the runner. */
    reachesAgent: Type.Boolean(),
  }),
  /** Whether a run that names the profile would find it ready. */
  ready: Type.Boolean(),
  /** Why it is not ready; null when it is. */
  reason: Nullable(Type.String()),
  updatedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type ProviderProfile = Static<typeof ProviderProfile>;

export const ProviderProfileList = Type.Object({
  items: Type.Array(ProviderProfile),
  valuesPrinted: ValuesPrinted,
});
export type ProviderProfileList = Static<typeof ProviderProfileList>;

/** The configuration file, with what looks secret in it shown as `[redacted]`. `sha256` is that of the file as it is kept. */
export const ProfileConfig = Type.Object({
  profile: Type.String(),
  kind: Kind,
  configured: Type.Boolean(),
  config: Nullable(Type.String()),
  /** How many places are redacted. */
  redacted: Type.Integer({ minimum: 0 }),
  sha256: Nullable(Sha256),
  updatedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type ProfileConfig = Static<typeof ProfileConfig>;

/**
 * Replaces the file. An absent `kind` keeps the profile's; a new profile is of kind `codex`, whose file is its `config.toml`, unless it is
 * called `acp`. The file of kind `acp` names the command of an agent that speaks the Agent Client Protocol.
 */
export const ProfileConfigWrite = Type.Object({
  config: Type.String({ maxLength: PROFILE_CONFIG_MAX }),
  kind: Type.Optional(Kind),
});
export type ProfileConfigWrite = Static<typeof ProfileConfigWrite>;

/** One of the two, which replaces whatever was set; a profile of kind `acp` takes an `apiKey`. `authJson` is codex's `auth.json`, as an object or as its text. */
export const ProfileCredentialWrite = Type.Object({
  apiKey: Type.Optional(Type.String()),
  authJson: Type.Optional(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())])),
});
export type ProfileCredentialWrite = Static<typeof ProfileCredentialWrite>;

export const ProfileCredential = Type.Object({
  profile: Type.String(),
  kind: Kind,
  configured: Type.Literal(true),
  type: Type.Enum(CREDENTIAL_TYPES),
  fingerprint: Type.String(),
  updatedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type ProfileCredential = Static<typeof ProfileCredential>;

export const ProfileRemoved = Type.Object({
  profile: Type.String(),
  /** What was there; `unreadable` for what could not be told apart any more. Empty when there was nothing. */
  removed: Type.Array(Type.Enum(['config', 'credential', 'unreadable'] as const)),
  valuesPrinted: ValuesPrinted,
});
export type ProfileRemoved = Static<typeof ProfileRemoved>;

/** Which tenant and project the validation's run belongs to. */
export const ProfileValidationCreate = Type.Object({
  tenantId: Type.Optional(Type.String({ ...Name, default: 'agentrun' })),
  projectId: Type.Optional(Type.String({ ...Name, default: 'validations' })),
  idempotencyKey: Type.Optional(IdempotencyKey),
});
export type ProfileValidationCreate = Static<typeof ProfileValidationCreate>;

/** One real turn on the profile, as its run stands. Durations are in milliseconds. */
export const ProfileValidation = Type.Object({
  id: ValidationId,
  profile: Type.String(),
  state: Type.Enum(['running', 'succeeded', 'failed'] as const),
  runId: RunId,
  commandId: CommandId,
  runnerJobId: RunnerJobId,
  /** From the request to the end; null while it runs. */
  latencyMs: Nullable(Type.Integer({ minimum: 0 })),
  /** Of it the turn itself, from when a runner took it; null where none did, or it has not ended. */
  turnMs: Nullable(Type.Integer({ minimum: 0 })),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
  /** What happened and what to do next, in a sentence. */
  diagnosis: Type.String(),
  /** The beginning of the agent's answer. */
  reply: Nullable(Type.String({ maxLength: 500 })),
  createdAt: Timestamp,
  finishedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type ProfileValidation = Static<typeof ProfileValidation>;
