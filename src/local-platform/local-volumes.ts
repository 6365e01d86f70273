import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../domain/errors.js';
import type { Volumes, VolumeView } from '../ports/runner-platform.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/;
const DELETED = '.deleted-';
const PASSES = ['ENOENT', 'ENOTEMPTY', 'EBUSY'];

/** Volumes as folders of one folder. Nothing keeps one within its quota: who measures it says where it is over it. */
export class LocalVolumes implements Volumes {
  readonly #stuck = new Set<string>();

  constructor(
    private readonly folder: string,
    private readonly quotaBytes: number | null = null,
    /** Told once of each thing that was given up and cannot be deleted. */
    private readonly warn: (message: string, error: unknown) => void = () => undefined,
  ) {}

  /** Where the volume lies. @throws schema-invalid for a name that could lead elsewhere. */
  pathOf(name: string): string {
    if (!NAME.test(name)) throw invalid('volumeName', `${JSON.stringify(name)} is not a name of a volume`);
    return join(this.folder, name);
  }

  async ensure(name: string): Promise<VolumeView> {
    await mkdir(this.pathOf(name), { recursive: true, mode: 0o700 });
    return this.#view(name);
  }

  async describe(name: string): Promise<VolumeView | undefined> {
    const found = await stat(this.pathOf(name)).catch(() => undefined);
    return found?.isDirectory() ? this.#view(name) : undefined;
  }

  /** Out of the way at once, so that a volume half deleted is never taken for one; the rest of an earlier try goes too, where it can. */
  async delete(name: string): Promise<void> {
    const path = this.pathOf(name);
    await rename(path, join(this.folder, `${DELETED}${randomUUID()}`)).catch(ifMissing);
    const entries = await readdir(this.folder).catch(() => []);
    await Promise.all(entries.filter((entry) => entry.startsWith(DELETED)).map(async (entry) => this.#discard(entry)));
  }

  /** What is out of the way harms nobody but by being there: files of another user, say. The next process tries it again. */
  async #discard(entry: string): Promise<void> {
    if (this.#stuck.has(entry)) return;
    await remove(join(this.folder, entry)).catch((error: unknown) => {
      // Another deletion got there first, or something writes there yet: the next one finds out.
      if (PASSES.includes((error as NodeJS.ErrnoException).code ?? '')) return;
      this.#stuck.add(entry);
      this.warn(
        `${join(this.folder, entry)}, of a deleted volume, cannot be deleted; somebody with the right to has to`,
        error,
      );
    });
  }

  #view(name: string): VolumeView {
    return { name, phase: 'Bound', quotaBytes: this.quotaBytes };
  }
}

/** Agents leave folders that even their owner may not write to (Go's module cache is one): those are opened first. */
async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await openFolders(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function openFolders(path: string): Promise<void> {
  await chmod(path, 0o700);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await openFolders(join(path, entry.name));
}

function ifMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
