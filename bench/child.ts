import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program of bench/programs that runs until it is told to end. */
export interface Child<Ready> {
  /** What it said when it was ready. */
  readonly ready: Ready;
  readonly pid: number;
  /** From its start until then. */
  readonly readyMs: number;
  /** Lets it end by itself, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts bench/programs/<name>, which gets `options` as JSON and answers with one line of JSON when it is ready. */
export async function startChild<Ready>(name: string, options: unknown): Promise<Child<Ready>> {
  const startedAt = performance.now();
  const path = fileURLToPath(new URL(`programs/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const ready = (await Promise.race([firstLine(child), failure(name, exited)])) as Ready;
  return {
    ready,
    pid: child.pid ?? 0,
    readyMs: performance.now() - startedAt,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<unknown> {
  for await (const line of createInterface({ input: stdout! })) return JSON.parse(line);
  return new Promise(() => {});
}

async function failure(name: string, exited: Promise<unknown[]>): Promise<never> {
  const [code, signal] = await exited;
  throw new Error(`bench/programs/${name} ended before it was ready: ${String(code ?? signal)}`);
}
