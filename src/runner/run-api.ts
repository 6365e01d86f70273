import pRetry from 'p-retry';
import { ApiError, mayRetry, type HttpClient } from '../client/http-client.js';
import type { CommandFinish, CommandList, CommandRecord } from '../contract/command.js';
import type { EventInput } from '../contract/event.js';
import type { ClaimedRun, RenewedRun } from '../contract/lease.js';
import type { RunFinish, RunRecord } from '../contract/run.js';
import type { RunnerRecord, RunnerRegister } from '../contract/runner.js';
import type { Log } from './log.js';

export interface RunApiOptions {
  readonly client: HttpClient;
  readonly runId: string;
  readonly runnerId: string;
  readonly log: Log;
  /** Gives up every call that is under way. */
  readonly signal: AbortSignal;
}

/** `sentAt`: monotonic ms of the request that was answered; the lease counts from there. */
export interface Claim {
  readonly run: ClaimedRun;
  readonly sentAt: number;
}

/** An ended attempt's runner is refused for good: its token is dead, its lease another's, or the run is gone. */
export function isFenced(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.failureKind === 'lease-lost' || [401, 403, 404].includes(error.status);
}

const RETRY = { retries: Infinity, minTimeout: 100, maxTimeout: 5_000, factor: 2, randomize: true };

/**
 * The runner's half of the HTTP contract for one run. Every call but `renew` is repeated with backoff until it is answered:
 * each is harmless to repeat. A refusal is thrown as `ApiError`.
 */
export class RunApi {
  #client: HttpClient;
  #attempt: number | undefined;

  constructor(private readonly options: RunApiOptions) {
    this.#client = options.client;
  }

  readRun(): Promise<RunRecord> {
    return this.#repeat('read run', () => this.#client.get(this.#run(), this.#abortable()));
  }

  register(body: RunnerRegister): Promise<RunnerRecord> {
    return this.#repeat('register', () => this.#client.post('/api/v1/runners/register', body, this.#abortable()));
  }

  /** From here on this attempt is named in every write, and its own token used. */
  async claim(leaseMs: number, attempt: number | undefined): Promise<Claim> {
    let sentAt = 0;
    const body = { runnerId: this.options.runnerId, leaseMs, attempt };
    const run = await this.#repeat('claim', () => {
      sentAt = performance.now();
      return this.#client.post<ClaimedRun>(this.#run('claim'), body, this.#abortable());
    });
    this.#client = this.#client.withToken(run.runnerToken);
    this.#attempt = run.attempt;
    return { run, sentAt };
  }

  /** One try. */
  renew(leaseMs: number, timeoutMs: number): Promise<RenewedRun> {
    const body = { runnerId: this.options.runnerId, attempt: this.#attempt, leaseMs };
    return this.#client.patch(this.#run('lease'), body, { ...this.#abortable(), timeoutMs });
  }

  /** Open commands after `afterSeq`; waits up to `waitMs` for one. */
  openCommands(query: { afterSeq: number; waitMs: number; signal?: AbortSignal }): Promise<CommandList> {
    const { afterSeq, waitMs, signal = this.options.signal } = query;
    const options = { query: { afterSeq, waitMs, state: 'open', limit: 100 }, timeoutMs: waitMs + 10_000, signal };
    return this.#repeat('poll commands', () => this.#client.get(this.#run('commands'), options), signal);
  }

  ack(commandId: string, threadId: string): Promise<CommandRecord> {
    const body = { ...this.#fence(), threadId };
    return this.#repeat('ack', () => this.#client.post(this.#command(commandId, 'ack'), body, this.#abortable()));
  }

  finishCommand(commandId: string, finish: CommandFinish): Promise<CommandRecord> {
    const body = { ...finish, ...this.#fence() };
    const path = this.#command(commandId, 'status');
    return this.#repeat('finish command', () => this.#client.patch(path, body, this.#abortable()));
  }

  finishRun(finish: RunFinish): Promise<RunRecord> {
    const body = { ...finish, ...this.#fence() };
    return this.#repeat('finish run', () => this.#client.patch(this.#run('status'), body, this.#abortable()));
  }

  appendEvents(events: EventInput[]): Promise<unknown> {
    const body = { events, ...this.#fence() };
    return this.#repeat('append events', () => this.#client.post(this.#run('events'), body, this.#abortable()));
  }

  #repeat<T>(what: string, call: () => Promise<T>, signal = this.options.signal): Promise<T> {
    const { log } = this.options;
    return pRetry(call, {
      ...RETRY,
      signal,
      shouldRetry: ({ error }) => mayRetry(error),
      onFailedAttempt: ({ error, attemptNumber }) => {
        if (mayRetry(error)) log.warn({ call: what, attemptNumber, reason: error.message }, 'no answer; asking again');
      },
    });
  }

  #abortable(): { signal: AbortSignal } {
    return { signal: this.options.signal };
  }

  #fence(): { runnerId: string; attempt: number | undefined } {
    return { runnerId: this.options.runnerId, attempt: this.#attempt };
  }

  #run(part = ''): string {
    return `/api/v1/runs/${encodeURIComponent(this.options.runId)}${part && `/${part}`}`;
  }

  #command(commandId: string, part: string): string {
    return `/api/v1/commands/${encodeURIComponent(commandId)}/${part}`;
  }
}
