import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesOf } from '../../support/secret-hunt.js';
import { secretLineOf } from '../../support/ssh-git-server.js';
import type { Round } from '../harness/round.js';
import type { Complaints } from './complaints.js';

/** Of the key that agents are lent nothing is left but the sealed bundle that it is kept in. */
export async function checkSecrets({ system: { dataDir, lentKey } }: Round): Promise<Complaints> {
  const secret = secretLineOf(lentKey);
  const kept = await readdir(join(dataDir, 'secrets'));
  const parts = kept.filter((name) => !name.endsWith('.jwe'));
  if (kept.length - parts.length !== 1) parts.push(`${kept.length - parts.length} sealed bundles`);
  return [
    ...parts.map((name) => `among the secrets: ${name}`),
    ...(await privateFoldersWith(secret)).map((name) => `the key that was lent is in ${name}`),
    ...(await filesWith(secret, join(dataDir, 'runners'))).map(
      (path) => `the key that was lent is in the Job's ${path}`,
    ),
    ...(await filesWith(secret, join(dataDir, 'volumes'))).map(
      (path) => `the key that was lent is on the volume ${path}`,
    ),
  ];
}

/** A runner puts the key into a folder of the system's temporary one while its agent works. */
async function privateFoldersWith(secret: string): Promise<string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith('agentrun-private-'));
  const keys = await Promise.all(
    names.map(async (name) => ({ name, key: await readFile(join(tmpdir(), name, 'key'), 'utf8').catch(() => '') })),
  );
  return keys.filter(({ key }) => key.includes(secret)).map(({ name }) => name);
}

async function filesWith(secret: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, content } of filesOf(folder)) if (content.includes(secret)) found.push(path);
  return found;
}
