import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const ABANDONED_AFTER_MS = 60 * 60 * 1000;

export interface Publication {
  /** Where the finished folder goes: `<parent>/<name>`. */
  parent: string;
  name: string;
  /** Fills an empty folder. */
  fill: (folder: string) => Promise<void>;
  /** Throws when a folder is of no use. */
  check: (folder: string) => Promise<void>;
}

/**
 * Makes `<parent>/<name>` so that every other process sees either nothing or the whole of it: filled and checked under
 * another name, then renamed. Of several that try at once one wins, and the others use what it made. A folder that stood
 * there and fails `check` is replaced. Returns the folder's path.
 */
export async function publishFolder({ parent, name, fill, check }: Publication): Promise<string> {
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const draft = await mkdtemp(join(parent, '.installing-'));
  try {
    await chmod(draft, 0o755);
    await fill(draft);
    await check(draft);
    return await moveInto(draft, join(parent, name), check);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function moveInto(draft: string, target: string, check: Publication['check']): Promise<string> {
  for (;;) {
    const taken = await rename(draft, target).then(
      () => false,
      (error: unknown) => {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOTEMPTY' || code === 'EEXIST') return true;
        throw error;
      },
    );
    if (!taken) return target;
    const good = await check(target).then(
      () => true,
      () => false,
    );
    if (good) return target;
    await rm(target, { recursive: true, force: true });
  }
}

/** What a killed process left half done. Younger ones may still be at work. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith('.installing-')) continue;
    const folder = join(parent, entry);
    const age = Date.now() - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > ABANDONED_AFTER_MS) await rm(folder, { recursive: true, force: true });
  }
}
