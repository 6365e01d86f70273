import { readFileSync, readlinkSync } from 'node:fs';
import { runningCommands } from './process-identity.js';

export interface FolderUser {
  readonly pid: number;
  readonly command: string;
}

/**
 * Other processes that have to do with a folder (an absolute, real path): it is named in their command line or in the environment
 * they were started with, or they work in it. Without /proc only command lines are looked at.
 */
export function processesUsing(folder: string): FolderUser[] {
  return runningCommands().filter(({ pid, command }) => {
    if (pid === process.pid) return false;
    if (command.includes(folder)) return true;
    const cwd = orEmpty(() => readlinkSync(`/proc/${pid}/cwd`));
    if (cwd === folder || cwd.startsWith(`${folder}/`)) return true;
    return orEmpty(() => readFileSync(`/proc/${pid}/environ`, 'utf8')).includes(folder);
  });
}

/** A process may end while it is looked at, or be somebody else's. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
