import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';

export class NoTokenError extends Error {
  override readonly name = 'NoTokenError';
}

const MAX_BYTES = 64 * 1024;
const WAIT_MS = 30_000;

/**
 * The runner's token, from the mounted file where one is named, else from the first line of `input`:
 * `{"runnerToken":"…"}`.
 */
export async function readRunnerToken(tokenFile: string | undefined, input: Readable): Promise<string> {
  const text = tokenFile === undefined ? await firstLine(input) : await readFile(tokenFile, 'utf8');
  const token = tokenFile === undefined ? tokenOf(text) : text.trim();
  if (!token) throw new NoTokenError(`there is no runner token in ${tokenFile ?? 'the first line of stdin'}`);
  return token;
}

async function firstLine(input: Readable): Promise<string> {
  let text = '';
  const giveUp = setTimeout(() => input.destroy(), WAIT_MS);
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      text += String(chunk);
      if (text.includes('\n') || text.length > MAX_BYTES) break;
    }
  } catch {
    // What came so far decides.
  } finally {
    clearTimeout(giveUp);
    input.destroy();
  }
  return text.split('\n')[0] ?? '';
}

function tokenOf(line: string): string | undefined {
  try {
    const { runnerToken } = JSON.parse(line) as { runnerToken?: unknown };
    return typeof runnerToken === 'string' ? runnerToken : undefined;
  } catch {
    return undefined;
  }
}
