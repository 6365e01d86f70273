import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Progress } from '../src/processes/progress.js';
import { publishFolder } from '../src/processes/publish-folder.js';

/** One way to get a program. */
export interface Source {
  how: string;
  /** Returns the program's path; throws an Error whose message says why this way is closed. */
  find: () => Promise<string>;
}

export interface Resolved {
  path: string;
  /** Which way it was found: one of the sources' `how`. */
  how: string;
  version: string;
}

/** No way led to a working program; the message names each one, why it failed, and what to do. */
export class ProgramNotFound extends Error {
  override readonly name = 'ProgramNotFound';
}

export interface Search {
  /** e.g. `the Temporal CLI`. */
  what: string;
  sources: Source[];
  /** Returns the version; throws when the program doesn't run or is too old. */
  check: (path: string) => Promise<string>;
  /** The advice at the end of the error. */
  whatToDo: string;
  onProgress: Progress;
}

/** Tries the sources one after another and returns the first program that passes `check`. */
export async function findProgram({ what, sources, check, whatToDo, onProgress }: Search): Promise<Resolved> {
  const failures = new Map<string, string>();
  onProgress({ name: what, state: 'started' });
  for (const { how, find } of sources) {
    try {
      const path = await find();
      const version = await check(path);
      onProgress({ name: what, state: how === 'cached' ? 'cached' : 'done', detail: `${how}: ${path} (${version})` });
      return { path, how, version };
    } catch (error) {
      const reason = reasonOf(error);
      failures.set(how, `  - ${how}: ${reason}`);
      onProgress({ name: what, state: 'progress', detail: `${how}: ${reason}` });
    }
  }
  const message = `could not find or get ${what}. Tried, in this order:\n${[...failures.values()].join('\n')}\n${whatToDo}`;
  onProgress({ name: what, state: 'failed', detail: message });
  throw new ProgramNotFound(message);
}

/** The first executable file of that name on a PATH. Throws when there is none. */
export async function findOnPath(program: string, pathEnv: string): Promise<string> {
  for (const folder of pathEnv.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, program);
    if (await isExecutable(path)) return path;
  }
  throw new Error(`there is no "${program}" on PATH`);
}

export async function assertExecutable(path: string): Promise<void> {
  if (!(await isExecutable(path))) throw new Error(`${path} is not an executable file`);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    const found = await stat(path);
    return found.isFile() && found.size > 0;
  } catch {
    return false;
  }
}

/** Where one program's downloads are kept: `<cacheDir>/<program>/<label>/bin/<program>`, a label per source and version. */
export class BinaryCache {
  private readonly parent: string;

  constructor(
    cacheDir: string,
    private readonly program: string,
  ) {
    this.parent = join(cacheDir, program);
  }

  /** The first of `labels` that is there and passes `check`. Throws when there is none. */
  async find(labels: string[], check: (path: string) => Promise<unknown>): Promise<string> {
    const problems: string[] = [];
    for (const label of labels) {
      const path = this.pathIn(join(this.parent, label));
      if (!(await isExecutable(path))) continue;
      try {
        await check(path);
        return path;
      } catch (error) {
        problems.push(`${path}: ${reasonOf(error)}`);
      }
    }
    throw new Error(problems.join('; ') || `nothing in ${this.parent} yet`);
  }

  /** Lets `fill` put the program into `<folder>/bin/`, and keeps it when it passes `check`. Safe among processes. */
  async install(
    label: string,
    check: (path: string) => Promise<unknown>,
    fill: (folder: string) => Promise<void>,
  ): Promise<string> {
    const folder = await publishFolder({
      parent: this.parent,
      name: label,
      fill,
      check: async (draft) => {
        await check(this.pathIn(draft));
      },
    });
    return this.pathIn(folder);
  }

  private pathIn(folder: string): string {
    return join(folder, 'bin', this.program);
  }
}

/** The part of an error that a person can use: of a failed command the end of what it wrote. */
function reasonOf(error: unknown): string {
  const failed = error as Error & { shortMessage?: string; stderr?: string; cause?: { message?: string } };
  const written = failed.stderr?.trim().split('\n').slice(-3).join(' ');
  const message = failed.shortMessage ?? [failed.message, failed.cause?.message].filter(Boolean).join(': ');
  return [message, written].filter(Boolean).join(': ');
}
