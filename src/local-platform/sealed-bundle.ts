import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose';
import { AgentRunError } from '../domain/errors.js';
import { SECRET_KINDS, secretKey, type SecretKind, type SecretRef } from '../domain/secrets.js';
import type { SecretBundle } from '../ports/secret-store.js';

/**
 * A bundle as a JWE (RFC 7516): AES-256-GCM under the installation's key. Which bundle it is stands in the protected header:
 * readable without the key, and no file passes for another's.
 */

const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const;

export async function seal({ ref, fields, updatedAtMs }: SecretBundle, key: Uint8Array): Promise<string> {
  const plain = new TextEncoder().encode(JSON.stringify({ fields, updatedAtMs }));
  return new CompactEncrypt(plain).setProtectedHeader({ ...ALGORITHM, bundle: secretKey(ref) }).encrypt(key);
}

/** @throws infra-failed, naming the bundle, when it was sealed with another key, is damaged, or is another bundle. */
export async function unseal(sealed: string, ref: SecretRef, key: Uint8Array): Promise<SecretBundle> {
  try {
    const limits = { keyManagementAlgorithms: [ALGORITHM.alg], contentEncryptionAlgorithms: [ALGORITHM.enc] };
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, limits);
    if (protectedHeader['bundle'] !== secretKey(ref)) throw unreadable(ref);
    const { fields, updatedAtMs } = JSON.parse(new TextDecoder().decode(plaintext)) as SecretBundle;
    return { ref, fields, updatedAtMs };
  } catch {
    // What the library says of a file that it cannot open is no help, and may quote it.
    throw unreadable(ref);
  }
}

/** Which bundle a file says that it is; undefined for a file that is none. */
export function refOfSealed(sealed: string): SecretRef | undefined {
  try {
    const [, kind = '', name = ''] = /^([^/]+)\/(.+)$/.exec(String(decodeProtectedHeader(sealed)['bundle'])) ?? [];
    return isKind(kind) ? { kind, name } : undefined;
  } catch {
    return undefined;
  }
}

export function unreadable(ref: SecretRef): AgentRunError {
  const message =
    `what is kept of ${secretKey(ref)} cannot be read: it was written with another key (AGENTRUN_SECRETS_KEY, ` +
    'or keys/secrets-key in the data folder), or its file is damaged; give back that key, or remove it and set it again';
  return new AgentRunError('infra-failed', 'conflict', message, { ...ref, unreadable: true });
}

export function isUnreadable(error: unknown): boolean {
  return error instanceof AgentRunError && error.details['unreadable'] === true;
}

function isKind(kind: string): kind is SecretKind {
  return (SECRET_KINDS as readonly string[]).includes(kind);
}
