import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAbandoned, PROCESS_MARK, processMark } from './process-mark.js';

/**
 * Folders for what must not outlive the process that made them. The name says whose it is, so that what a killed process
 * left is known as such by any other one of this machine and this user.
 */
const PREFIX = 'agentrun-private';
const NAME = new RegExp(`^${PREFIX}-(${PROCESS_MARK})-`);

/** A new folder in the system's temporary one that only this user can enter; answers its path. */
export async function makePrivateFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${PREFIX}-${processMark()}-`));
}

/** Deletes the folders whose processes are gone. Never fails: whoever looks next tries again. */
export async function sweepPrivateFolders(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  const abandoned = names.filter(isLeft).map((name) => join(tmpdir(), name));
  await Promise.all(
    abandoned.map(async (path) => {
      if (await isOurs(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }),
  );
}

function isLeft(name: string): boolean {
  const mark = NAME.exec(name)?.[1];
  return mark !== undefined && isAbandoned(mark);
}

async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.();
}
