import type { SecretFields, SecretKind, SecretRef } from '../domain/secrets.js';

export interface SecretBundle {
  readonly ref: SecretRef;
  readonly fields: SecretFields;
  /** Epoch milliseconds of the newest change. */
  readonly updatedAtMs: number;
  /** Of a list only: why this one could not be read; its `fields` are empty then. */
  readonly unreadable?: string;
}

/**
 * Where a platform keeps what must not be read by others: encrypted files on this machine, Secrets in a cluster. Values leave it for
 * a runner, and for the operations that check or redact them; never for a log, an event, an error or an answer.
 * All methods throw `unavailable('platform')` when the store cannot be reached.
 */
export interface SecretStore {
  /**
   * Sets fields and, where null, takes them away; the others stay. Changes of one bundle go one after another. Answers the bundle.
   * @throws as `read` does: what cannot be read is not replaced by a part of it.
   */
  merge(ref: SecretRef, fields: Readonly<Record<string, string | null>>): Promise<SecretBundle>;
  /** @throws infra-failed, naming the bundle, when what is kept cannot be read (another key, a damaged file). */
  read(ref: SecretRef): Promise<SecretBundle | undefined>;
  /** By name; one that cannot be read is among them, and says why. */
  list(kind: SecretKind): Promise<SecretBundle[]>;
  /** Also of what cannot be read. False when there was none. */
  delete(ref: SecretRef): Promise<boolean>;
}
