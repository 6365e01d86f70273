import pRetry from 'p-retry';
import { ApiError, isRefusedBetween, mayRetry, TransportError, type HttpClient } from '../client/http-client.js';
import type { CommandFinish, CommandList, CommandRecord } from '../contract/command.js';
import type { EventInput } from '../contract/event.js';
import type { ClaimedRun, RenewedRun } from '../contract/lease.js';
import type { RunFinish, RunRecord } from '../contract/run.js';
import type { RunnerRecord, RunnerRegister } from '../contract/runner.js';
import type { SessionStorage, StorageRefresh, StorageRefreshed } from '../contract/session.js';
import type { Log } from './log.js';
import { cut, storable } from './text.js';

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

/** An ended attempt's runner is refused for good: its token is dead, or its lease another's. */
export function isFenced(error: unknown): boolean {
  return error instanceof ApiError && (error.failureKind === 'lease-lost' || [401, 403].includes(error.status));
}

/** As `isFenced`, or there is no such run. Of a command a 404 says only that it has ended. */
export function isOverFor(error: unknown): boolean {
  return isFenced(error) || (error instanceof ApiError && error.status === 404);
}

export interface CommandPoll {
  readonly afterSeq: number;
  readonly waitMs: number;
  readonly knownCancelMark?: string;
  readonly signal?: AbortSignal;
}

/** The contract's limit of a failure message, less a little. */
const MESSAGE_LENGTH = 16_000;
/** So many commands are looked at for the last turn. */
const LOOK_BACK = 100;
const REFRESH_MS = 10_000;
const RETRY = { retries: Infinity, minTimeout: 100, maxTimeout: 5_000, factor: 2, randomize: true };

/**
 * The runner's half of the HTTP contract for one run. Every call but `renew` is repeated with backoff until it is
 * answered: each is harmless to repeat. A refusal is thrown as `ApiError`.
 */
export class RunApi {
  #client: HttpClient;
  #attempt: number | undefined;
  #answeredAt = performance.now();

  constructor(private readonly options: RunApiOptions) {
    this.#client = options.client;
  }

  /** For how long nothing has come from the manager, not even a refusal, in milliseconds. */
  get silentMs(): number {
    return performance.now() - this.#answeredAt;
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
    return this.#heard(this.#client.patch(this.#run('lease'), body, { ...this.#abortable(), timeoutMs }));
  }

  /** Open commands after `afterSeq`; waits up to `waitMs` for one, or for cancel marks other than the one known. */
  openCommands(query: CommandPoll): Promise<CommandList> {
    const { signal = this.options.signal, ...asked } = query;
    const options = { query: { ...asked, state: 'open', limit: 100 }, timeoutMs: asked.waitMs + 10_000, signal };
    return this.#repeat('poll commands', () => this.#client.get(this.#run('commands'), options), { signal });
  }

  /** How the newest turn ended, whichever attempt did it; undefined where none has, or many other commands came since. */
  async lastTurn({ lastCommandSeq }: RunRecord): Promise<RunFinish | undefined> {
    const query = { afterSeq: Math.max(0, lastCommandSeq - LOOK_BACK), limit: LOOK_BACK };
    const options = { query, ...this.#abortable() };
    const list = await this.#repeat<CommandList>('read commands', () =>
      this.#client.get(this.#run('commands'), options),
    );
    for (const { type, terminalStatus, failureKind, failureMessage } of list.items.toReversed()) {
      if (type === 'turn' && terminalStatus !== null) return { terminalStatus, failureKind, failureMessage };
    }
    return undefined;
  }

  ack(commandId: string, threadId: string): Promise<CommandRecord> {
    const body = { ...this.#fence(), threadId };
    return this.#repeat('ack', () => this.#client.post(this.#command(commandId, 'ack'), body, this.#abortable()));
  }

  finishCommand(commandId: string, finish: CommandFinish): Promise<CommandRecord> {
    return this.#finish('finish command', this.#command(commandId, 'status'), finish);
  }

  finishRun(finish: RunFinish): Promise<RunRecord> {
    return this.#finish('finish run', this.#run('status'), finish);
  }

  /** An agent's words that something in between refuses must not keep its end from being told. */
  #finish<T>(what: string, path: string, finish: CommandFinish | RunFinish): Promise<T> {
    const body = { ...sendable(finish), ...this.#fence() };
    const send = (sent: object) => this.#client.patch<T>(path, sent, this.#abortable());
    return this.#repeat(what, () =>
      send(body).catch((error: unknown) => {
        if (!isRefusedBetween(error) || !finish.failureMessage) throw error;
        return send({ ...body, failureMessage: `what it says of its end was refused: ${(error as Error).message}` });
      }),
    );
  }

  /** What something in between refuses is not repeated as it is: fewer events, or others, may be taken. */
  appendEvents(events: EventInput[]): Promise<unknown> {
    const body = { events, ...this.#fence() };
    const append = () => this.#client.post(this.#run('events'), body, this.#abortable());
    return this.#repeat('append events', append, { until: isRefusedBetween });
  }

  /** One try: the next measurement says it again. */
  refreshStorage(sessionId: string, body: StorageRefresh): Promise<StorageRefreshed> {
    return this.#client.post(`${storagePath(sessionId)}/refresh`, body, this.#soon());
  }

  /** One try: what it tells, the next measurement tells too. */
  readStorage(sessionId: string): Promise<SessionStorage> {
    return this.#client.get(storagePath(sessionId), this.#soon());
  }

  #soon() {
    return { ...this.#abortable(), timeoutMs: REFRESH_MS };
  }

  #repeat<T>(
    what: string,
    call: () => Promise<T>,
    {
      signal = this.options.signal,
      until = () => false,
    }: { signal?: AbortSignal; until?: (error: unknown) => boolean } = {},
  ): Promise<T> {
    const { log } = this.options;
    const isWorthIt = (error: unknown) => mayRetry(error) && !until(error);
    return pRetry(() => this.#heard(call()), {
      ...RETRY,
      signal,
      shouldRetry: ({ error }) => isWorthIt(error),
      onFailedAttempt: ({ error, attemptNumber }) => {
        if (isWorthIt(error)) log.warn({ call: what, attemptNumber, reason: error.message }, 'no answer; asking again');
      },
    });
  }

  async #heard<T>(call: Promise<T>): Promise<T> {
    try {
      const answer = await call;
      this.#answeredAt = performance.now();
      return answer;
    } catch (error) {
      const answered = error instanceof ApiError || (error instanceof TransportError && error.failure !== null);
      if (answered) this.#answeredAt = performance.now();
      throw error;
    }
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

function storagePath(sessionId: string): string {
  return `/api/v1/sessions/${encodeURIComponent(sessionId)}/storage`;
}

/** Words from outside (an agent's, git's) as the manager takes them. */
function sendable<T extends { failureMessage?: string | null }>(finish: T): T {
  const { failureMessage } = finish;
  return failureMessage ? { ...finish, failureMessage: cut(storable(failureMessage), MESSAGE_LENGTH) } : finish;
}
