import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Secrets of one installation: made once, kept in files that only this user can read. */
export interface Keys {
  /** Signs runner tokens; 32 bytes and more. */
  readonly runnerTokenKey: Uint8Array;
  /** Made at first start for who has set none. */
  readonly operatorToken: string;
}

/** The file in which the command line finds the operator token of a local stack. */
export const OPERATOR_TOKEN_FILE = 'operator-token';

/** Reads the folder's keys, and makes those that are missing. The caller holds the folder's lock. */
export async function readOrMakeKeys(folder: string): Promise<Keys> {
  const runnerTokenKey = await readOrMake(join(folder, 'runner-token-key'));
  const operatorToken = await readOrMake(join(folder, OPERATOR_TOKEN_FILE));
  return { runnerTokenKey: new TextEncoder().encode(runnerTokenKey), operatorToken };
}

async function readOrMake(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  if (kept.trim() !== '') return kept.trim();
  const made = randomBytes(32).toString('base64url');
  // Whole or not at all: a manager may be killed here.
  await writeFile(`${file}.part`, `${made}\n`, { mode: 0o600 });
  await rename(`${file}.part`, file);
  return made;
}
