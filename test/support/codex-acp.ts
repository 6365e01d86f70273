import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { publishFolder } from '../../src/processes/publish-folder.js';
import { codexForTests } from './codex.js';
import { cacheDir } from './temporal-server.js';

const VERSION = '2.6.0';

export interface CodexAcp {
  /** The adapter's script, for node. */
  readonly script: string;
  /** The codex that it is to drive. */
  readonly codex: string;
}

let found: Promise<CodexAcp> | undefined;

/**
 * An ACP agent that others made: the adapter for codex, fetched once for this machine with npm (22 MB). The codex program
 * that it would bring along is left out, since there is one in the cache already.
 */
export function codexAcpForTests(): Promise<CodexAcp> {
  return (found ??= findOrFetch());
}

async function findOrFetch(): Promise<CodexAcp> {
  const parent = join(cacheDir, 'codex-acp');
  const scriptIn = (folder: string) =>
    join(folder, 'node_modules', '@agentclientprotocol', 'codex-acp', 'dist', 'index.js');
  const check = (folder: string) => access(scriptIn(folder), constants.R_OK);
  const script = scriptIn(join(parent, VERSION));
  const isThere = await check(join(parent, VERSION)).then(
    () => true,
    () => false,
  );
  if (!isThere) await publishFolder({ parent, name: VERSION, fill, check });
  return { script, codex: await codexForTests() };
}

async function fill(folder: string): Promise<void> {
  const quietly = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const wanted = `@agentclientprotocol/codex-acp@${VERSION}`;
  await execa('npm', ['install', '--prefix', folder, ...quietly, wanted], { cwd: folder, stdin: 'ignore' });
}
