import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from './folder-lock.js';

export { DataFolderLocked } from './folder-lock.js';

const SUBFOLDERS = ['postgres', 'temporal', 'logs', 'runners', 'volumes', 'keys'] as const;

/** Absolute paths. Everything that the embedded stack keeps is in here. */
export type DataFolder = Record<(typeof SUBFOLDERS)[number], string> & {
  path: string;
  /** Lets another manager have the folder. May be called more than once. */
  release: () => Promise<void>;
};

/**
 * Opens the data folder for one manager: makes it and its sub-folders (mode 0700) where missing, and locks it.
 * Throws `DataFolderLocked`, which names the holder's pid, when a living manager has it.
 */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = await realpath(dataDir);
  const unlock = await lockFolder(path);
  let released: Promise<void> | undefined;
  const release = () => (released ??= unlock());
  try {
    const folders = SUBFOLDERS.map((name) => [name, join(path, name)] as const);
    for (const [, folder] of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
    return { path, release, ...(Object.fromEntries(folders) as Record<(typeof SUBFOLDERS)[number], string>) };
  } catch (error) {
    await release();
    throw error;
  }
}
