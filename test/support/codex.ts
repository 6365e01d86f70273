import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCodex } from '../../src/backend-programs/find-codex.js';
import { installCodex } from '../../src/backend-programs/install-codex.js';
import { DataFolderLocked, lockFolder } from '../../src/embedded/folder-lock.js';
import { cacheDir } from './temporal-server.js';

/** What a test's `before` hook may take where the program has to be fetched first. */
export const CODEX_FETCH_TIMEOUT_MS = 20 * 60_000;

let found: Promise<string> | undefined;

/**
 * The path of the real codex program, of the version that the product installs; what is on PATH does not count. Fetched once
 * for this machine, into the product's own cache: of several test processes one fetches it and the others wait.
 */
export function codexForTests(): Promise<string> {
  return (found ??= findOrFetch());
}

async function findOrFetch(): Promise<string> {
  const folder = join(cacheDir, 'codex');
  await mkdir(folder, { recursive: true });
  for (;;) {
    const cached = await findCodex({ pathEnv: '', cacheDir });
    if (cached) return cached.path;
    const release = await lockFolder(folder).catch((error: unknown) => {
      if (error instanceof DataFolderLocked) return undefined;
      throw error;
    });
    if (release === undefined) {
      await delay(500);
      continue;
    }
    try {
      const pathEnv = process.env['PATH'] ?? '';
      return (await installCodex({ cacheDir, pathEnv, onProgress: () => undefined })).path;
    } finally {
      await release();
    }
  }
}
