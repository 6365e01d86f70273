import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATOR_TOKEN_FILE, type Settings } from '../config.js';

/** Secrets of one installation: configured, or made once and kept in files that only this user can read. */
export interface Keys {
  /** Signs runner tokens; 32 bytes and more. */
  readonly runnerTokenKey: Uint8Array;
  /** Made at first start for who has set none. */
  readonly operatorToken: string;
  /** Encrypts what is kept for runners; 32 bytes. */
  readonly secretsKey: Uint8Array;
}

/** The keys that are configured; what is not comes from the folder, and is made there where missing. */
export async function readOrMakeKeys(
  settings: Pick<Settings, 'AGENTRUN_TOKEN_KEY' | 'AGENTRUN_SECRETS_KEY'>,
  folder: string,
): Promise<Keys> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const runnerTokenKey = settings.AGENTRUN_TOKEN_KEY ?? (await readOrMake(join(folder, 'runner-token-key')));
  const operatorToken = await readOrMake(join(folder, OPERATOR_TOKEN_FILE));
  const secretsKey = settings.AGENTRUN_SECRETS_KEY ?? (await readOrMake(join(folder, 'secrets-key')));
  return {
    runnerTokenKey: new TextEncoder().encode(runnerTokenKey),
    operatorToken,
    secretsKey: secretsKeyOf(secretsKey),
  };
}

/** Of a text of any length. */
function secretsKeyOf(text: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', text, '', 'agentrun secrets', 32));
}

async function readOrMake(file: string): Promise<string> {
  const kept = await readIfThere(file);
  if (kept !== '') return kept;
  await make(file);
  return readIfThere(file);
}

async function readIfThere(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Whole or not at all, since a manager may be killed here; and once only, since an api and a worker may start together. */
async function make(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Only a power cut leaves a file without its content.
    if ((await readIfThere(file)) === '') await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
