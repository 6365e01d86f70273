import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProgressStep } from '../../src/processes/progress.js';

export const isRoot = process.getuid?.() === 0;
export const pathEnv = process.env.PATH ?? '';
/** Shared with everything else on this machine, so that the servers are fetched once. */
export const sharedCacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'agentrun');

/** Things to undo after a test, last one first. */
export class Scratch {
  private readonly undo: (() => Promise<unknown>)[] = [];

  later(step: () => Promise<unknown>): void {
    this.undo.push(step);
  }

  /** A folder that every user may enter. */
  async folder(): Promise<string> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'agentrun-test-')));
    await chmod(folder, 0o755);
    this.later(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
    return folder;
  }

  async clean(): Promise<void> {
    for (const step of this.undo.splice(0).reverse()) await step();
  }
}

export function recorder(): { steps: ProgressStep[]; onProgress: (step: ProgressStep) => void } {
  const steps: ProgressStep[] = [];
  return { steps, onProgress: (step) => steps.push(step) };
}

export interface TestProgram {
  child: ChildProcess;
  /** The next line it prints, parsed. */
  next: () => Promise<Record<string, unknown>>;
  /** What a killed terminal or an OOM killer does: its whole process group ends without a word. */
  killGroup: () => Promise<void>;
}

/** Runs test/embedded/programs/<name>.ts, which speaks JSON lines, in a process group of its own. */
export function startProgram(name: string, argument: object, user: { uid?: number; gid?: number } = {}): TestProgram {
  const path = fileURLToPath(new URL(`programs/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(argument)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...user,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    next: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode} instead of answering`);
      return JSON.parse(value) as Record<string, unknown>;
    },
    killGroup: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      process.kill(-child.pid!, 'SIGKILL');
      await exited;
    },
  };
}
