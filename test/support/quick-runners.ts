import { setTimeout as delay } from 'node:timers/promises';
import type { RunnerJobView, RunnerLaunch, RunnerPlatform } from '../../src/ports/runner-platform.js';
import { Api, type Loose } from './api.js';

/** One turn as a quick runner does it: resolves when it is done, with how it ended; aborted when it is to stop. */
export type QuickAgent = (turn: { prompt: string; runId: string }, signal: AbortSignal) => Promise<Loose>;

const HEARTBEAT_MS = 1_000;
const LEASE_MS = 5_000;

interface QuickJob {
  view: RunnerJobView;
  readonly killed: AbortController;
  ended: Promise<void>;
}

/**
 * Runners without processes, for tests of what happens around hundreds of runs: each speaks HTTP with its launch's token as the real one
 * does. What a prompt costs is the agent's.
 */
export class QuickRunners {
  readonly jobs = new Map<string, QuickJob>();
  /** Prompts in the order their turns began. */
  readonly begun: string[] = [];
  readonly live = new Set<string>();
  mostLive = 0;

  constructor(private readonly agent: QuickAgent) {}

  /** The platform with these runners in place of processes. */
  on = (platform: RunnerPlatform): RunnerPlatform =>
    Object.assign(Object.create(platform) as RunnerPlatform, {
      ready: async () => platform.ready(),
      launch: async (launch: RunnerLaunch) => this.#launch(launch).view,
      stop: async (jobName: string) => this.#stop(jobName),
      describe: async (jobName: string) => this.jobs.get(jobName)?.view,
      list: async () => [...this.jobs.values()].map(({ view }) => view),
      listEnded: async () => [],
      forget: async () => undefined,
      logTail: async () => '',
      watch: async (onExit: (job: RunnerJobView) => Promise<void>, signal: AbortSignal) => this.#watch(onExit, signal),
    });

  /** Ends a live runner as a lost machine would: it says nothing more. */
  kill(): boolean {
    const running = [...this.jobs.values()].find(({ view }) => view.status === 'running');
    running?.killed.abort();
    return running !== undefined;
  }

  /** Resolves when no runner works any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.jobs.values()].map(async ({ ended }) => ended));
  }

  #launch(launch: RunnerLaunch): QuickJob {
    const known = this.jobs.get(launch.jobName);
    if (known !== undefined) return known;
    const { jobName, runId, attempt } = launch;
    const view = { jobName, runId, attempt, status: 'running', reason: null, exitCode: null, message: null } as const;
    const job: QuickJob = { view, killed: new AbortController(), ended: Promise.resolve() };
    this.jobs.set(jobName, job);
    job.ended = this.#run(launch, job.killed.signal).then(
      () => this.#end(job, 'succeeded', 0),
      () => this.#end(job, 'failed', 1),
    );
    return job;
  }

  #end(job: QuickJob, status: 'succeeded' | 'failed', exitCode: number): void {
    job.view = { ...job.view, status, exitCode, reason: job.killed.signal.aborted ? 'killed' : 'exited' };
  }

  async #stop(jobName: string): Promise<RunnerJobView | undefined> {
    const job = this.jobs.get(jobName);
    job?.killed.abort();
    await job?.ended;
    return job?.view;
  }

  async #watch(onExit: (job: RunnerJobView) => Promise<void>, signal: AbortSignal): Promise<void> {
    const told = new Set<string>();
    while (!signal.aborted) {
      for (const { view } of this.jobs.values()) {
        if (view.status === 'running' || told.has(view.jobName)) continue;
        await onExit(view);
        told.add(view.jobName);
      }
      await delay(100, undefined, { signal }).catch(() => undefined);
    }
  }

  async #run(launch: RunnerLaunch, killed: AbortSignal): Promise<void> {
    const { runId, runnerId, runnerToken, managerUrl } = launch;
    const api = new Api(managerUrl, runnerToken);
    const say = async (method: string, path: string, body?: unknown) => untilAnswered(api, method, path, body, killed);
    await say('POST', `/api/v1/runs/${runId}/claim`, { runnerId, leaseMs: LEASE_MS });
    const stopped = new AbortController();
    const beating = this.#beat(say, launch, stopped, killed);
    try {
      await this.#turns(say, runId, AbortSignal.any([stopped.signal, killed]), killed);
    } finally {
      stopped.abort();
      await beating;
    }
  }

  /** Renews the lease; a cancel stops the agent. */
  async #beat(
    say: Say,
    { runId, runnerId }: RunnerLaunch,
    stopped: AbortController,
    killed: AbortSignal,
  ): Promise<void> {
    const over = AbortSignal.any([stopped.signal, killed]);
    while (!over.aborted) {
      await delay(HEARTBEAT_MS, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return;
      const lease = await say('PATCH', `/api/v1/runs/${runId}/lease`, { runnerId, leaseMs: LEASE_MS }).catch(
        () => null,
      );
      if (lease === null || lease.cancelRequestedAt !== null || lease.cancelCommandIds.length > 0) stopped.abort();
    }
  }

  /** One turn: a task's run ends with it. */
  async #turns(say: Say, runId: string, stopped: AbortSignal, killed: AbortSignal): Promise<void> {
    const { items } = await say('GET', `/api/v1/runs/${runId}/commands?state=open&waitMs=5000`);
    for (const command of items) {
      await say('POST', `/api/v1/commands/${command.id}/ack`, {});
      const end = await this.#work(command, runId, stopped);
      killed.throwIfAborted();
      await say('PATCH', `/api/v1/commands/${command.id}/status`, end);
    }
  }

  async #work(command: Loose, runId: string, stopped: AbortSignal): Promise<Loose> {
    const { prompt } = command.payload;
    this.begun.push(prompt);
    this.live.add(command.id);
    this.mostLive = Math.max(this.mostLive, this.live.size);
    try {
      return await this.agent({ prompt, runId }, stopped);
    } catch (error) {
      if (stopped.aborted) return { terminalStatus: 'cancelled', failureKind: 'cancelled' };
      throw error;
    } finally {
      this.live.delete(command.id);
    }
  }
}

type Say = (method: string, path: string, body?: unknown) => Promise<Loose>;

/** As runners do: repeated until answered, and given up where refused. */
async function untilAnswered(
  api: Api,
  method: string,
  path: string,
  body: unknown,
  killed: AbortSignal,
): Promise<Loose> {
  for (;;) {
    killed.throwIfAborted();
    const answer = await api.request(method, path, body).catch(() => undefined);
    if (answer?.status === 200) return answer.body.data;
    if (answer !== undefined && answer.status < 500 && answer.status !== 429)
      throw new Error(`${method} ${path}: ${answer.status}`);
    await delay(100, undefined, { signal: killed }).catch(() => undefined);
  }
}
