import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUNNER_EXIT_CODES } from '../domain/runner-program.js';
import type { RunnerJobView, RunnerLaunch } from '../ports/runner-platform.js';
import { isSameProcess, type ProcessIdentity } from '../processes/process-identity.js';

/** What is kept of a launch: everything but its secret. */
export type JobRecord = Pick<
  RunnerLaunch,
  'jobName' | 'jobId' | 'runId' | 'attempt' | 'attemptId' | 'runnerId' | 'tenantId' | 'sessionId' | 'volumeName'
> & { readonly launchedAt: string };

export interface JobExit {
  readonly exitCode: number;
}

/**
 * One Job's folder: `job.json` (what was asked for), `pid.json` (its process, once it has its token), `exit.json`
 * (written by the wrapper when the runner has ended), `stop.json` (we were asked to stop it), `reported` (its end was
 * told), `runner.log`.
 */
export class JobFolder {
  constructor(readonly path: string) {}

  readonly logFile = (): string => join(this.path, 'runner.log');

  readJob(): Promise<JobRecord | undefined> {
    return readJson<JobRecord>(join(this.path, 'job.json'));
  }

  readProcess(): Promise<ProcessIdentity | undefined> {
    return readJson<ProcessIdentity>(join(this.path, 'pid.json'));
  }

  readExit(): Promise<JobExit | undefined> {
    return readJson<JobExit>(join(this.path, 'exit.json'));
  }

  async create(job: JobRecord): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await this.#write('job.json', job);
  }

  writeProcess(identity: ProcessIdentity): Promise<void> {
    return this.#write('pid.json', { pid: identity.pid, startedAt: identity.startedAt });
  }

  markStopping(): Promise<void> {
    return this.#write('stop.json', { askedAt: new Date().toISOString() });
  }

  markReported(): Promise<void> {
    return this.#write('reported', {});
  }

  async isReported(): Promise<boolean> {
    return (await readJson(join(this.path, 'reported'))) !== undefined;
  }

  /** The Job as its files and its process tell it; undefined when it was never asked for. */
  async view(): Promise<RunnerJobView | undefined> {
    const job = await this.readJob();
    if (!job) return undefined;
    const about = { jobName: job.jobName, runId: job.runId, attempt: job.attempt };
    const identity = await this.readProcess();
    // In this order: a process that is gone has written its exit before.
    const runs = identity !== undefined && isSameProcess(identity);
    const exit = await this.readExit();
    const wasStopped = (await readJson(join(this.path, 'stop.json'))) !== undefined;
    return { ...about, ...stateOf({ exit, runs, wasStarted: identity !== undefined, wasStopped }) };
  }

  async #write(name: string, value: unknown): Promise<void> {
    const part = join(this.path, `${name}.${process.pid}.part`);
    await writeFile(part, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
    await rename(part, join(this.path, name));
  }
}

/** The end of a file, from the start of a line where it is cut; empty when there is none. */
export async function tailOf(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

interface Facts {
  readonly exit: JobExit | undefined;
  readonly runs: boolean;
  readonly wasStarted: boolean;
  readonly wasStopped: boolean;
}

type State = Pick<RunnerJobView, 'status' | 'reason' | 'exitCode' | 'message'>;

function stateOf({ exit, runs, wasStarted, wasStopped }: Facts): State {
  // Whoever started it died before it had handed the token over: the launch is repeated, and starts it again.
  const isToBeRepeated = exit?.exitCode === RUNNER_EXIT_CODES['no-token'] && !wasStarted && !wasStopped;
  if (exit && !isToBeRepeated) return exitState(exit, wasStopped);
  const open = { reason: null, exitCode: null, message: null };
  if (runs) return { ...open, status: 'running' };
  if (wasStopped) return { ...open, status: 'stopped', reason: 'killed' };
  if (!wasStarted) return { ...open, status: 'starting' };
  return { ...open, status: 'lost', reason: 'vanished', message: 'the runner and its wrapper are gone without a word' };
}

/** A shell tells of a signal by 128 and its number. */
const SIGNALLED = 128;

function exitState({ exitCode }: JobExit, wasStopped: boolean): State {
  const isKnown = Object.entries(RUNNER_EXIT_CODES).find(([, code]) => code === exitCode);
  const isSignal = exitCode > SIGNALLED && !isKnown;
  const reason = isSignal ? 'killed' : 'exited';
  const how = isSignal
    ? `by signal ${exitCode - SIGNALLED}`
    : `with exit code ${exitCode}${isKnown ? ` (${isKnown[0]})` : ''}`;
  // Asked to end just as it ended by itself: it did what it was there for.
  const status = exitCode === 0 ? 'succeeded' : wasStopped ? 'stopped' : 'failed';
  return { status, reason, exitCode, message: `the runner ended ${how}` };
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
