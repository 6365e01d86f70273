import { readFile, rename, rm, writeFile } from 'node:fs/promises';
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

/** Lets commands find this process's manager. Answers how to take that back. */
export async function announceManager(
  dataDir: string,
  manager: Pick<LocalManager, 'url' | 'temporalUiUrl'>,
): Promise<() => Promise<void>> {
  const { address } = localManagerFiles(dataDir);
  const self = processIdentity(process.pid);
  await writeFile(`${address}.part`, `${JSON.stringify({ ...manager, ...self })}\n`, { mode: 0o600 });
  await rename(`${address}.part`, address);
  return () => rm(address, { force: true });
}

/** The manager that runs over a data folder; undefined when there is none, or the one that was there died. */
export async function findManager(dataDir: string): Promise<LocalManager | undefined> {
  try {
    const found = JSON.parse(await readFile(localManagerFiles(dataDir).address, 'utf8')) as LocalManager;
    return isProcessIdentity(found) && isSameProcess(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

export async function readLocalToken(dataDir: string): Promise<string | undefined> {
  const token = await readFile(localManagerFiles(dataDir).operatorToken, 'utf8').catch(() => '');
  return token.trim() || undefined;
}
