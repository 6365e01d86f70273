import { Type, type Static } from 'typebox';
import { TOOL_CREDENTIALS } from '../domain/tool-credentials.js';
import { Nullable, Timestamp, ValuesPrinted } from './common.js';

/** A tool credential as it may be shown: what its public half and its known hosts say, never the key. */
export const ToolCredential = Type.Object({
  name: Type.Enum(TOOL_CREDENTIALS),
  kind: Type.Literal('ssh-key'),
  configured: Type.Boolean(),
  type: Nullable(Type.Enum(['rsa', 'ecdsa', 'ed25519'] as const)),
  bits: Nullable(Type.Integer({ minimum: 1 })),
  /** `nistp256` …, `curve25519`; null for RSA. */
  curve: Nullable(Type.String()),
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  fingerprint: Nullable(Type.String()),
  comment: Nullable(Type.String()),
  /** Host keys that are trusted; no other host is connected to. */
  knownHostsCount: Type.Integer({ minimum: 0 }),
  /** `github.com`: none were given, so the keys that GitHub publishes hold. */
  knownHostsSource: Nullable(Type.Enum(['given', 'github.com'] as const)),
  /** Why what is kept cannot be used; null when it can, or when there is nothing. */
  reason: Nullable(Type.String()),
  updatedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type ToolCredential = Static<typeof ToolCredential>;

export const ToolCredentialList = Type.Object({ items: Type.Array(ToolCredential) });
export type ToolCredentialList = Static<typeof ToolCredentialList>;

/**
 * Takes the place of the key and of the known hosts that were set before. `privateKey`: RSA (2048 bits or more), ECDSA or
 * Ed25519, in PEM or OpenSSH form, without a passphrase. `knownHosts`: lines of a known hosts file; without them github.com's
 * published keys are trusted and no other host.
 */
export const ToolCredentialWrite = Type.Object(
  {
    privateKey: Type.String({ minLength: 1, maxLength: 32_768 }),
    knownHosts: Type.Optional(Nullable(Type.String({ maxLength: 262_144 }))),
  },
  { additionalProperties: false },
);
export type ToolCredentialWrite = Static<typeof ToolCredentialWrite>;
