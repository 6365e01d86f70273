import { readFile, rename, writeFile } from 'node:fs/promises';
import { localManagerFiles } from '../config.js';
import { isProcessIdentity, isSameProcess, processIdentity } from '../processes/process-identity.js';

/** Where the manager of a data folder listens, as told by the process that started it. */
export interface LocalManager {
  readonly url: string;
  readonly pid: number;
  /** With the pid, names that process for good. */
  readonly startedAt: string;
  readonly temporalUiUrl: string | null;
}

/** Lets commands find this process's manager. What is written stays: it holds for as long as this process lives. */
export async function announceManager(
  dataDir: string,
  manager: Pick<LocalManager, 'url' | 'temporalUiUrl'>,
): Promise<void> {
  const { address } = localManagerFiles(dataDir);
  const self = processIdentity(process.pid);
  await writeFile(`${address}.part`, `${JSON.stringify({ ...manager, ...self })}\n`, { mode: 0o600 });
  await rename(`${address}.part`, address);
}

/** The manager that runs over a data folder; undefined when there is none, or the one that was there has ended. */
export async function findManager(dataDir: string): Promise<LocalManager | undefined> {
  const found = await readAnnounced(dataDir);
  return isProcessIdentity(found) && isSameProcess(found) ? found : undefined;
}

/** Where the last manager of a data folder listened: its runners, which may live, look for the next one there. */
export async function lastPort(dataDir: string): Promise<number | undefined> {
  const found = await readAnnounced(dataDir);
  return found === undefined ? undefined : Number(new URL(found.url).port) || undefined;
}

async function readAnnounced(dataDir: string): Promise<LocalManager | undefined> {
  try {
    return JSON.parse(await readFile(localManagerFiles(dataDir).address, 'utf8')) as LocalManager;
  } catch {
    return undefined;
  }
}

export async function readLocalToken(dataDir: string): Promise<string | undefined> {
  const token = await readFile(localManagerFiles(dataDir).operatorToken, 'utf8').catch(() => '');
  return token.trim() || undefined;
}
