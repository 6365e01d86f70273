import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  isProcessIdentity,
  isSameProcess,
  processIdentity,
  type ProcessIdentity,
} from '../processes/process-identity.js';

const LOCK = /^manager\.lock\.(\d+)$/;

/** Another living process holds the folder. */
export class DataFolderLocked extends Error {
  override readonly name = 'DataFolderLocked';
  constructor(
    readonly folder: string,
    readonly holderPid: number,
  ) {
    super(
      `the data folder ${folder} is in use by process ${holderPid}; stop that one, or choose another AGENTRUN_DATA_DIR`,
    );
  }
}

/**
 * Takes the folder for this process until the returned function is called or the process dies.
 *
 * Node has no flock, and replacing a dead holder's file in place is a race: two that both saw it dead can each remove the
 * other's new one. So locks are numbered. Whoever finds the highest number dead or released links the next number, which
 * only one can; the highest is never removed, so numbers never go back; and whoever finds, after linking, that a higher
 * one exists had an old listing and tries again.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const self = processIdentity(process.pid);
  if (!self) throw new Error('cannot tell the start time of this process (neither /proc nor ps answers)');
  for (;;) {
    const highest = Math.max(0, ...(await lockNumbers(folder)));
    if (highest > 0) await refuseIfHeld(folder, highest);
    const mine = highest + 1;
    if (!(await linkLock(folder, mine, self))) continue;
    const numbers = await lockNumbers(folder);
    if (Math.max(...numbers) > mine) {
      await rm(lockPath(folder, mine), { force: true });
      continue;
    }
    await Promise.all(numbers.filter((n) => n < mine).map((n) => rm(lockPath(folder, n), { force: true })));
    return () => replaceLock(folder, mine, { released: true });
  }
}

const lockPath = (folder: string, number: number) => join(folder, `manager.lock.${number}`);

async function lockNumbers(folder: string): Promise<number[]> {
  return (await readdir(folder))
    .map((name) => LOCK.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number);
}

async function refuseIfHeld(folder: string, number: number): Promise<void> {
  // A file that is gone has been superseded: linking the next number will then fail, and the loop looks again.
  const text = await readFile(lockPath(folder, number), 'utf8').catch(() => '{}');
  const holder = parseOrUndefined(text);
  if (isProcessIdentity(holder) && isSameProcess(holder)) throw new DataFolderLocked(folder, holder.pid);
}

/** Only a power cut leaves a file without its content, and no holder lives through that. */
function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** False when that number is already taken. Linking a finished file means that no one ever reads half of it. */
async function linkLock(folder: string, number: number, holder: ProcessIdentity): Promise<boolean> {
  const draft = await writeDraft(folder, holder);
  try {
    await link(draft, lockPath(folder, number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function replaceLock(folder: string, number: number, content: object): Promise<void> {
  await rename(await writeDraft(folder, content), lockPath(folder, number));
}

async function writeDraft(folder: string, content: object): Promise<string> {
  const draft = join(folder, `.lock-${randomUUID()}`);
  const file = await open(draft, 'wx', 0o600);
  await file.writeFile(JSON.stringify(content)).finally(() => file.close());
  return draft;
}
