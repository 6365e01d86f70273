import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readSync, fstatSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameProcess, processIdentity, type ProcessIdentity } from './process-identity.js';

const POLL_MS = 50;
const LOG_LIMIT_BYTES = 20 * 1024 * 1024;
const TAIL_BYTES = 4000;

export interface ServerCommand {
  /** What to call it in errors, e.g. `PostgreSQL`. */
  what: string;
  command: string;
  args: string[];
  /** Appended to; an old log past 20 MiB is set aside as `<logFile>.1` first. */
  logFile: string;
  cwd?: string;
  uid?: number;
  gid?: number;
}

export interface ServerProcess extends ProcessIdentity {
  /** Settles only when the process ends, with one line that says how. */
  exited: Promise<string>;
  /** The end of what this process has written to its log so far. */
  logTail(): string;
}

/** A server ended, or could not be started, before it was ready. */
export class ServerStartFailed extends Error {
  override readonly name = 'ServerStartFailed';
}

/**
 * Starts a server in a session of its own: a Ctrl-C meant for this program doesn't reach it, and it survives this
 * program's death, to be adopted by the next one. Its output goes straight to the file, through no pipe of ours.
 */
export async function spawnServer(server: ServerCommand): Promise<ServerProcess> {
  const { fd, offset } = openLog(server.logFile);
  try {
    const child = spawn(server.command, server.args, {
      detached: true,
      stdio: ['ignore', fd, fd],
      cwd: server.cwd,
      uid: server.uid,
      gid: server.gid,
    });
    const exited = exitOf(child);
    const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
    const logTail = () => tailOf(server.logFile, offset);
    if (!identity) {
      // It may have ended before anybody could look at it.
      const when = child.pid === undefined ? '' : ' before it was ready';
      throw new ServerStartFailed(`${server.what} ${await exited}${when}${quoted(logTail())}`);
    }
    child.unref();
    return { ...identity, exited, logTail };
  } finally {
    closeSync(fd);
  }
}

/**
 * Repeats `probe` until it succeeds. Throws `ServerStartFailed`, with the end of the log, when the process dies first or
 * the time is up, and at once when the probe itself throws one.
 */
export async function waitUntilReady<T>(
  what: string,
  server: ServerProcess,
  probe: () => Promise<T>,
  timeoutMs: number,
): Promise<T> {
  let died: string | undefined;
  void server.exited.then((how) => (died = how));
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (error instanceof ServerStartFailed) throw error;
      const late = Date.now() > deadline && `did not answer within ${timeoutMs / 1000} s (${(error as Error).message})`;
      const failure = died ? `${died} before it was ready` : late;
      if (failure) throw new ServerStartFailed(`${what} ${failure}${quoted(server.logTail())}`);
    }
    await Promise.race([delay(POLL_MS), server.exited]);
  }
}

/** Signals to try one after another, each with the time it is given to work. */
export type EndingSteps = readonly (readonly [signal: NodeJS.Signals, graceMs: number])[];

/** Ends a process (ours or adopted) and returns when it is gone; throws when it survives every step. */
export async function endProcess(what: string, identity: ProcessIdentity, steps: EndingSteps): Promise<void> {
  for (const [signal, graceMs] of steps) {
    if (!signalProcess(identity, signal)) return;
    if (await waitForExit(identity, graceMs)) return;
  }
  throw new Error(`${what} (pid ${identity.pid}) is still running after ${steps.map(([signal]) => signal).join(', ')}`);
}

/** True as soon as the process is gone, false when it is still there after `timeoutMs`. */
export async function waitForExit(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isSameProcess(identity)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** False when there is no such process any more. */
function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isSameProcess(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const endWithUs = new Map<number, { identity: ProcessIdentity; signal: NodeJS.Signals }>();

/**
 * Signals the server when this program exits without having stopped it, so that none is left behind. A SIGKILL of this
 * program can't be seen: then the server survives and is adopted. Returns what undoes it.
 */
export function endOnExit(identity: ProcessIdentity, signal: NodeJS.Signals): () => void {
  if (endWithUs.size === 0) process.on('exit', endAllOnExit);
  endWithUs.set(identity.pid, { identity, signal });
  return () => {
    endWithUs.delete(identity.pid);
    if (endWithUs.size === 0) process.off('exit', endAllOnExit);
  };
}

function endAllOnExit(): void {
  for (const { identity, signal } of endWithUs.values()) {
    try {
      signalProcess(identity, signal);
    } catch {
      // The others still have to be signalled, and nobody is left to tell.
    }
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
  });
}

function openLog(logFile: string): { fd: number; offset: number } {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(logFile, `${logFile}.1`);
  const fd = openSync(logFile, 'a', 0o600);
  return { fd, offset: fstatSync(fd).size };
}

function tailOf(logFile: string, offset: number): string {
  const fd = openSync(logFile, 'r');
  try {
    const size = fstatSync(fd).size;
    const from = Math.max(offset, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    readSync(fd, buffer, 0, buffer.length, from);
    return buffer.toString('utf8').trim();
  } finally {
    closeSync(fd);
  }
}

function quoted(log: string): string {
  return log === '' ? '; its log is empty' : `. The end of its log:\n${log}`;
}
