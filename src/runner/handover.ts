import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { HANDOVER_FILES } from '../domain/runner-program.js';
import { secretKey, SECRET_KINDS, type HandedSecrets, type SecretFields } from '../domain/secrets.js';
import type { RunnerConfig } from './config.js';

/** What a runner is handed when it starts, and keeps to itself: no environment and no file of ours ever holds it. */
export interface Handover {
  readonly token: string;
  readonly secrets: HandedSecrets;
}

export class NoTokenError extends Error {
  override readonly name = 'NoTokenError';
}

const MAX_LENGTH = 4 * 1024 * 1024;
const WAIT_MS = 30_000;

type Sources = Pick<RunnerConfig, 'tokenFile' | 'secretsDir' | 'handoverDir'>;

/**
 * From a folder that is emptied then where one is named, from mounted files where a token file is named, else from the first line of `input`:
 * `{"runnerToken":"…","secrets":{"provider-profile/x":{"apiKey":"…"}}}`.
 * @throws NoTokenError
 */
export async function readHandover(sources: Sources, input: Readable): Promise<Handover> {
  const handed = await readFrom(sources, input);
  if (handed.token) return handed;
  const place = sources.handoverDir ?? sources.tokenFile ?? 'the first line of stdin';
  throw new NoTokenError(`there is no runner token in ${place}`);
}

async function readFrom({ tokenFile, secretsDir, handoverDir }: Sources, input: Readable): Promise<Handover> {
  if (handoverDir !== undefined) return takeHandover(handoverDir);
  return tokenFile === undefined ? parse(await firstLine(input)) : readMounted(tokenFile, secretsDir);
}

/** @throws what deleting throws: a runner whose secrets stay where its agent can read them must not begin. */
async function takeHandover(folder: string): Promise<Handover> {
  const { token, tokenFile, secrets } = HANDOVER_FILES;
  const file = join(folder, token, tokenFile);
  const handed = await readMounted(file, join(folder, secrets)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { token: '', secrets: {} };
    throw error;
  });
  // The folder itself is where a volume is mounted.
  for (const name of await readdir(folder).catch(() => [])) await rm(join(folder, name), { recursive: true });
  return handed;
}

async function firstLine(input: Readable): Promise<string> {
  const chunks: string[] = [];
  let length = 0;
  const giveUp = setTimeout(() => input.destroy(), WAIT_MS);
  try {
    for await (const chunk of input.setEncoding('utf8')) {
      const text = String(chunk);
      chunks.push(text);
      length += text.length;
      if (text.includes('\n') || length > MAX_LENGTH) break;
    }
  } catch {
    // What came so far decides.
  } finally {
    clearTimeout(giveUp);
    input.destroy();
  }
  return chunks.join('').split('\n')[0] ?? '';
}

function parse(line: string): Handover {
  try {
    const { runnerToken, secrets } = JSON.parse(line) as { runnerToken?: unknown; secrets?: unknown };
    return { token: typeof runnerToken === 'string' ? runnerToken : '', secrets: bundlesOf(secrets) };
  } catch {
    return { token: '', secrets: {} };
  }
}

function bundlesOf(secrets: unknown): HandedSecrets {
  return Object.fromEntries(entriesOf(secrets).map(([key, fields]) => [key, fieldsOf(fields)]));
}

function fieldsOf(fields: unknown): SecretFields {
  return Object.fromEntries(
    entriesOf(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

async function readMounted(tokenFile: string, secretsDir: string | undefined): Promise<Handover> {
  const token = (await readFile(tokenFile, 'utf8')).trim();
  if (secretsDir === undefined) return { token, secrets: {} };
  const bundles: [string, SecretFields][] = [];
  for (const kind of SECRET_KINDS) {
    for (const name of await namesIn(join(secretsDir, kind))) {
      bundles.push([secretKey({ kind, name }), await readFields(join(secretsDir, kind, name))]);
    }
  }
  return { token, secrets: Object.fromEntries(bundles) };
}

async function readFields(folder: string): Promise<SecretFields> {
  const names = await namesIn(folder);
  const fields = names.map(async (field) => [field, await readFile(join(folder, field), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(fields));
}

/** A mounted volume has entries of its own beside ours; those begin with two dots. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => !name.startsWith('..')).sort();
}
