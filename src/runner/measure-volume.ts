import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';

/** What is on a volume. `sizeBytes` are the files' own lengths: a sparse file counts whole, a hard link once for each of its names. */
export interface VolumeMeasure {
  readonly sizeBytes: number;
  readonly filesCount: number;
  readonly sha256: string;
}

export interface MeasureLimits {
  readonly entries: number;
  readonly timeoutMs: number;
}

/** More than a large working copy with its dependencies has; at these limits a walk takes about 50 MB. */
const LIMITS: MeasureLimits = { entries: 250_000, timeoutMs: 20_000 };

/** So many at a time: the agent's own work has the same threads and the same disk. */
const AT_ONCE = 8;

type Bytes = Buffer<ArrayBuffer>;

interface Entry {
  /** As the file system has it: names need not be UTF-8. */
  readonly path: Bytes;
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * Measures all files below a folder; links are counted as files and not followed.
 *
 * The digest tells two states of a volume apart without reading what is in the files, which may be gigabytes: SHA-256 over
 * `<path> NUL <size> NUL <mtime> LF` of each file, in the order of the paths' bytes; the path is relative to the folder, the size
 * in bytes and the time of the last change in whole milliseconds, both in decimal. Empty folders, modes and owners are not in it.
 *
 * Undefined when the walk goes beyond a limit or the signal ends it: numbers of a part would pass for those of the whole. What vanishes
 * while we look is left out.
 */
export async function measureVolume(
  folder: string,
  signal: AbortSignal,
  limits: MeasureLimits = LIMITS,
): Promise<VolumeMeasure | undefined> {
  const giveUpAt = performance.now() + limits.timeoutMs;
  const entries: Entry[] = [];
  const root = Buffer.from(folder);
  const folders: Bytes[] = [Buffer.from('')];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    const found = await readdir(below(root, path), { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
    for (let at = 0; at < found.length; at += AT_ONCE) {
      if (signal.aborted || performance.now() > giveUpAt) return undefined;
      const some = found.slice(at, at + AT_ONCE);
      for (const entry of some) if (entry.isDirectory()) folders.push(below(path, entry.name));
      const files = some.filter((entry) => !entry.isDirectory()).map((entry) => below(path, entry.name));
      entries.push(...(await Promise.all(files.map((file) => look(root, file)))).flat());
      if (entries.length + folders.length > limits.entries) return undefined;
    }
  }
  return {
    sizeBytes: entries.reduce((sum, { size }) => sum + size, 0),
    filesCount: entries.length,
    sha256: digestOf(entries),
  };
}

async function look(root: Bytes, path: Bytes): Promise<Entry[]> {
  try {
    const { size, mtimeMs } = await lstat(below(root, path));
    return [{ path, size, mtimeMs: Math.floor(mtimeMs) }];
  } catch {
    return [];
  }
}

function digestOf(entries: readonly Entry[]): string {
  const hash = createHash('sha256');
  for (const { path, size, mtimeMs } of entries.toSorted((a, b) => Buffer.compare(a.path, b.path))) {
    hash.update(path);
    hash.update(`\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function below(folder: Bytes, name: Bytes): Bytes {
  return folder.length === 0 ? name : Buffer.concat([folder, Buffer.from('/'), name]);
}
