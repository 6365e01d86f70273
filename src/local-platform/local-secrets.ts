import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { unavailable } from '../domain/errors.js';
import { secretKey, type SecretKind, type SecretRef } from '../domain/secrets.js';
import type { SecretBundle, SecretStore } from '../ports/secret-store.js';
import { isAbandoned, PROCESS_MARK, processMark } from '../processes/process-mark.js';
import { isUnreadable, refOfSealed, seal, unreadable, unseal } from './sealed-bundle.js';

const SUFFIX = '.jwe';
/** What is written before it takes a bundle's place; by the process that its name says. */
const PART = new RegExp(`\\${SUFFIX}\\.(${PROCESS_MARK})\\.part$`);

/**
 * Secrets as encrypted files of one folder, a file a bundle. Readable by this user alone (0700, 0600), written whole or not at all.
 * Changes of one bundle are ordered within this process: two processes that change one bundle in the same instant may lose
 * one change.
 */
export class LocalSecrets implements SecretStore {
  readonly #last = new Map<string, Promise<unknown>>();

  /** `key`: 32 bytes. */
  constructor(
    private readonly folder: string,
    private readonly key: Uint8Array,
  ) {}

  async merge(ref: SecretRef, changes: Readonly<Record<string, string | null>>): Promise<SecretBundle> {
    return this.#inTurn(ref, async () => {
      const before = await this.read(ref);
      const merged = Object.entries({ ...before?.fields, ...changes });
      const fields = Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
      const bundle = { ref, fields, updatedAtMs: Date.now() };
      const sealed = await seal(bundle, this.key);
      await reachable(this.#write(fileName(ref), sealed));
      return bundle;
    });
  }

  async read(ref: SecretRef): Promise<SecretBundle | undefined> {
    const sealed = await reachable(readIfThere(join(this.folder, fileName(ref))));
    return sealed === undefined ? undefined : unseal(sealed, ref, this.key);
  }

  async list(kind: SecretKind): Promise<SecretBundle[]> {
    const names = (await reachable(this.#fileNames())).filter((name) => name.startsWith(`${kind}-`));
    const bundles = await Promise.all(names.map((name) => this.#readFile(name)));
    const found = bundles.filter((bundle) => bundle?.ref.kind === kind);
    return found
      .filter((bundle) => bundle !== undefined)
      .sort((a, b) => (a.ref.name < b.ref.name ? -1 : Number(a.ref.name > b.ref.name)));
  }

  /** Deletes what processes were writing when they were killed; answers the names. What is being written now is left alone. */
  async sweep(): Promise<string[]> {
    const names = await reachable(readdir(this.folder).catch((error: unknown) => ifMissing(error, [])));
    const left = names.filter(isLeft);
    for (const name of left) await reachable(rm(join(this.folder, name), { force: true }));
    return left;
  }

  async delete(ref: SecretRef): Promise<boolean> {
    return this.#inTurn(ref, async () => reachable(this.#remove(fileName(ref))));
  }

  /** What a file says that it is, if it is where that belongs; it may be gone meanwhile. */
  async #readFile(name: string): Promise<SecretBundle | undefined> {
    const sealed = await reachable(readIfThere(join(this.folder, name)));
    if (sealed === undefined) return undefined;
    const ref = refOfSealed(sealed);
    if (ref === undefined || fileName(ref) !== name) return undefined;
    try {
      return await unseal(sealed, ref, this.key);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return { ref, fields: {}, updatedAtMs: 0, unreadable: unreadable(ref).message };
    }
  }

  async #fileNames(): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: unknown) => ifMissing(error, []));
    return names.filter((name) => name.endsWith(SUFFIX));
  }

  async #write(name: string, sealed: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const part = join(this.folder, `${name}.${processMark()}.part`);
    try {
      await writeSynced(part, sealed);
      await rename(part, join(this.folder, name));
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined);
      throw error;
    }
    await this.#syncFolder();
  }

  async #remove(name: string): Promise<boolean> {
    try {
      await rm(join(this.folder, name));
    } catch (error) {
      return ifMissing(error, false);
    }
    await this.#syncFolder();
    return true;
  }

  /** A name that was given or taken away is there for good only when its folder is written. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.folder, 'r');
    await folder.sync().finally(() => folder.close());
  }

  async #inTurn<T>(ref: SecretRef, work: () => Promise<T>): Promise<T> {
    const key = secretKey(ref);
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work, work);
    this.#last.set(key, mine);
    return mine.finally(() => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    });
  }
}

function isLeft(name: string): boolean {
  const mark = PART.exec(name)?.[1];
  return mark !== undefined && isAbandoned(mark);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Safe on file systems that ignore case, too: the readable part is a hint, the digest of the whole name makes it unique. */
function fileName(ref: SecretRef): string {
  const hint = ref.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replaceAll(/^-|-$/g, '');
  const digest = createHash('sha256').update(secretKey(ref)).digest('hex').slice(0, 16);
  return `${ref.kind}-${hint}-${digest}${SUFFIX}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => ifMissing(error, undefined));
}

function ifMissing<T>(error: unknown, value: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
  throw error;
}

async function reachable<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw unavailable('platform', error, 'the folder of secrets cannot be used now; try again');
  });
}
