import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { processTable } from '../../src/processes/process-table.js';

/** Remembers where which secret was seen. Places are names of the caller's. */
export class SecretHunt {
  readonly #seen = new Map<string, Set<string>>();

  constructor(private readonly secrets: Map<string, string | Uint8Array> = new Map()) {}

  /** Secrets that are made while the system runs are told when they are known, before the places are looked at. */
  plant(name: string, secret: string | Uint8Array): void {
    this.secrets.set(name, secret);
  }

  look(place: string, content: string | Uint8Array): void {
    const bytes = Buffer.from(content as Uint8Array);
    for (const [name, secret] of this.secrets)
      if (formsOf(secret).some((form) => bytes.includes(form))) this.#seenIn(name).add(place);
  }

  /** For each secret, the places where it was seen, sorted. */
  found(): Record<string, string[]> {
    return Object.fromEntries([...this.secrets.keys()].map((name) => [name, [...this.#seenIn(name)].sort()]));
  }

  #seenIn(name: string): Set<string> {
    const places = this.#seen.get(name) ?? new Set();
    this.#seen.set(name, places);
    return places;
  }
}

/** As it is, and as others would write it. */
function formsOf(secret: string | Uint8Array): Buffer[] {
  const plain = Buffer.from(secret as Uint8Array);
  const encodings = ['base64', 'base64url', 'hex'] as const;
  // Without the last characters, which depend on what comes after it.
  return [plain, ...encodings.map((encoding) => Buffer.from(plain.toString(encoding).replace(/=+$/, '').slice(0, -2)))];
}

/** Every file of a folder, by its path in there. */
export async function* filesOf(folder: string): AsyncGenerator<{ path: string; content: Buffer }> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const content = await readFile(file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // Removed since it was listed.
      throw error;
    });
    if (content === undefined) continue;
    yield {
      path: file
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
      content,
    };
  }
}

/** Collects command lines and environments of this process's descendants, until stopped. Linux. */
export class ProcessWatch {
  readonly #seen = new Set<string>();
  readonly #timer = setInterval(() => this.#look(), 10);

  /** All that was seen, one process a line. */
  stop(): string {
    clearInterval(this.#timer);
    return [...this.#seen].join('\n');
  }

  #look(): void {
    const children = new Map<number, number[]>();
    for (const { pid, ppid } of processTable.list()) children.set(ppid, [...(children.get(ppid) ?? []), pid]);
    const visit = (pid: number): void => {
      for (const child of children.get(pid) ?? []) {
        for (const file of ['cmdline', 'environ']) this.#seen.add(readProc(child, file));
        visit(child);
      }
    };
    visit(process.pid);
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
