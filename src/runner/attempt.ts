import { ApiError } from '../client/http-client.js';
import type { ClaimedRun, RenewedRun } from '../contract/lease.js';
import type { RunFinish, RunRecord } from '../contract/run.js';
import type { SessionStorage, StorageRefresh } from '../contract/session.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { AgentHost } from './agent-host.js';
import type { AttemptParts } from './attempt-parts.js';
import { BackendError, type AgentEvent } from './backends/backend.js';
import { CommandDesk, finishAs } from './commands/desk.js';
import { feedCommands } from './commands/feed.js';
import { IdleTimer } from './idle-timer.js';
import { LeaseKeeper } from './lease-keeper.js';
import { isOverFor } from './run-api.js';
import { openThread, prepareHost } from './prepare.js';
import { VolumeMeter } from './volume-meter.js';
import type { TurnJournal } from './commands/turn-journal.js';
import { within } from './within.js';

const SETTLE_MS = 1_000;

/**
 * What one runner does with the attempt it claimed: prepares, opens the thread, does commands until the run ends or it
 * is told to go.
 */
export class Attempt {
  readonly #lease: LeaseKeeper;
  readonly #idle: IdleTimer;
  readonly #meter: VolumeMeter | undefined;
  readonly #cancel = new AbortController();
  #host: AgentHost | null = null;
  #desk: CommandDesk | null = null;
  #journal: TurnJournal | null = null;

  constructor(
    private readonly parts: AttemptParts,
    private readonly run: ClaimedRun,
  ) {
    const { api, config, scope, log } = parts;
    this.#lease = new LeaseKeeper({
      leaseMs: config.leaseMs,
      renew: (leaseMs, timeoutMs) => api.renew(leaseMs, timeoutMs),
      isLost: isOverFor,
      onRenewed: (renewed) => this.#renewed(renewed),
      onDoubt: () => this.#doubt(),
      onLost: () => scope.end('attempt-over'),
      log,
    });
    this.#meter = meterOf(parts, run, (storage) => this.#overQuota(storage));
    this.#idle = new IdleTimer(config.idleTimeoutMs, () => this.#guard(this.#endIdle()));
  }

  /** Runs until the scope ends, by this attempt's own word or another's. `claimSentAt`: monotonic ms. */
  async begin(claimSentAt: number): Promise<void> {
    this.#lease.start(claimSentAt);
    if (this.run.cancelRequestedAt) this.#cancelRun();
    const desk = await this.#prepare();
    if (!desk) return;
    this.#desk = desk;
    void this.#meter?.begin();
    desk.cancel(this.run.cancelCommandIds);
    if (this.#cancel.signal.aborted) return this.#finishCancelled();
    this.#idle.touch();
    await feedCommands({
      api: this.parts.api,
      scope: this.parts.scope,
      waitMs: this.parts.config.pollWaitMs,
      onList: (list) => {
        if (list.items.length > 0) this.#idle.pause();
        desk.accept(list);
        if (list.items.length > 0 && desk.isIdle) this.#idle.touch();
        this.#heed({ ...list, status: list.runStatus });
      },
    });
  }

  /** Ends what the attempt runs. Not by force: the agent is asked first and has `graceMs`. */
  async release(options: { force: boolean; graceMs: number }): Promise<void> {
    this.#idle.stop();
    // Without a lease nothing that the agent says is accepted.
    if (options.force) this.#lease.stop();
    const host = this.#host;
    if (host && !options.force) {
      const timer = setTimeout(() => this.#guard(host.stop()), options.graceMs);
      await host.close().finally(() => clearTimeout(timer));
    }
    this.#lease.stop();
    await host?.stop();
    if (this.#desk) await within(SETTLE_MS, this.#desk.settled());
    await this.#journal?.close();
  }

  /** After the release: tells what the session's volume is left as. */
  async measureLast(): Promise<void> {
    await this.#meter?.last();
  }

  /** Undefined when the run was ended in place of that. */
  async #prepare(): Promise<CommandDesk | undefined> {
    const { scope } = this.parts;
    try {
      const { host, journal } = await prepareHost({
        parts: this.parts,
        run: this.run,
        accepts: () => this.#lease.holds(),
        status: (phase, facts) => this.#status(phase, facts),
        signal: this.#cancel.signal,
      });
      this.#journal = journal;
      this.#host = host;
      return this.#openDesk(host, journal, await openThread(host, this.#lease));
    } catch (error) {
      if (scope.isOver) return undefined;
      if (this.#cancel.signal.aborted) await this.#finishCancelled();
      else await this.#finishNotStarted(error as Error);
      return undefined;
    }
  }

  #openDesk(host: AgentHost, journal: TurnJournal, threadId: string): CommandDesk {
    const { api, config, log, outbox, scope, tracing } = this.parts;
    const isFull = () => outbox.isFull;
    const status = (phase: string, facts: Record<string, unknown>) => this.#status(phase, facts);
    const { executionPolicy: policy } = this.run;
    const { interruptGraceMs } = config;
    return new CommandDesk({
      api,
      turns: { host, lease: this.#lease, scope, policy, isFull, status, interruptGraceMs, tracing },
      outbox,
      journal,
      threadId,
      log,
      onTurnReported: () => {
        this.#meter?.start();
        return this.#lookAtRun();
      },
      onIdle: () => this.#idle.touch(),
      onFault: (error) => this.#fault(error),
    });
  }

  /** The lease could be another's soon: the agent is gone before anything else happens here. */
  #doubt(): void {
    if (this.#host) this.#guard(this.#host.stop());
  }

  #renewed(run: RenewedRun): void {
    this.#heed(run);
    this.#desk?.cancel(run.cancelCommandIds);
  }

  #heed(run: Pick<RunRecord, 'status' | 'cancelRequestedAt'>): void {
    if (isTerminalStatus(run.status)) this.parts.scope.end('run-ended');
    else if (run.cancelRequestedAt) this.#cancelRun();
  }

  #cancelRun(): void {
    if (this.#cancel.signal.aborted) return;
    this.#cancel.abort(new Error('the run is cancelled'));
    if (this.#desk) this.#guard(this.#finishCancelled());
  }

  async #finishCancelled(): Promise<void> {
    await this.#desk?.cancelAll();
    const { cancelReason } = await this.parts.api.readRun();
    const failureMessage = cancelReason ?? 'cancelled';
    await this.#finishRun({ terminalStatus: 'cancelled', failureKind: 'cancelled', failureMessage });
  }

  async #finishNotStarted(error: Error): Promise<void> {
    const failureKind = error instanceof BackendError ? error.failureKind : 'runner-start-failed';
    this.parts.log.error({ failureKind, reason: error.message }, 'the agent could not be started');
    this.#emit({ type: 'error', payload: { message: error.message, failureKind, willRetry: false } });
    const finish = { terminalStatus: 'failed', failureKind, failureMessage: error.message } as const;
    if (await this.#finishRun(finish, 'start-failed')) this.parts.scope.end('start-failed');
  }

  /** No command came for long: ends the run as its last turn ended, unless one came after all. */
  async #endIdle(): Promise<void> {
    const [desk, { api, scope }] = [this.#desk, this.parts];
    if (!desk?.isIdle || scope.isOver) return;
    // All up to this seq is known: what is still open of it is in the list that is asked for afterwards.
    const run = await api.readRun();
    // Done by an attempt before this one.
    const earlier = desk.lastOutcome === null ? await api.lastTurn(run) : undefined;
    const list = await api.openCommands({ afterSeq: desk.highestSeq, waitMs: 0 });
    desk.accept(list);
    if (!desk.isIdle) return;
    const ofTurn = desk.lastOutcome === null ? earlier : finishAs(desk.lastOutcome);
    const lastCommandSeq = Math.max(run.lastCommandSeq, desk.highestSeq);
    const ended = await this.#finishRun({ terminalStatus: 'completed', ...ofTurn, lastCommandSeq });
    if (!ended && !scope.isOver) this.#idle.touch();
  }

  /** False when the manager refused, since a newer command came. */
  async #finishRun(finish: RunFinish, end: 'run-ended' | 'start-failed' = 'run-ended'): Promise<boolean> {
    const { api, outbox, scope } = this.parts;
    await outbox.flush();
    try {
      await api.finishRun(finish);
      scope.end(end);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || isOverFor(error)) throw error;
      this.parts.log.info({ reason: error.message }, 'the run goes on');
      await this.#lookAtRun();
      return false;
    }
  }

  async #lookAtRun(): Promise<void> {
    if (this.parts.scope.isOver) return;
    this.#heed(await this.parts.api.readRun());
  }

  /** Told, and nothing more: what becomes of it is for people to decide. */
  #overQuota({ storageSizeBytes: sizeBytes, storageQuotaBytes: quotaBytes }: SessionStorage): void {
    const message = `the session's volume holds ${sizeBytes} bytes, and its quota is ${quotaBytes}`;
    this.#status('storage-over-quota', { sizeBytes, quotaBytes, message });
  }

  #status(phase: string, facts: Record<string, unknown>): void {
    const { runnerId, attemptId } = this.parts.config;
    this.#emit({
      type: 'backend_status',
      payload: { phase, ...facts, attempt: this.run.attempt, attemptId, runnerId },
    });
    // Rare beside what the agent says, and waited for: with it goes what was said before.
    void this.parts.outbox.flush();
  }

  #emit(event: AgentEvent): void {
    this.parts.outbox.emit(event);
  }

  #guard(work: Promise<void>): void {
    work.catch((error: unknown) => this.#fault(error));
  }

  #fault(error: unknown): void {
    const { scope, log } = this.parts;
    if (scope.isOver) return;
    if (!isOverFor(error)) log.error({ err: error }, 'the runner failed');
    scope.end(isOverFor(error) ? 'attempt-over' : 'broken');
  }
}

/** Only a session's volume is looked at by anybody. */
function meterOf(
  { config, api, log }: AttemptParts,
  { sessionRef }: ClaimedRun,
  onOverQuota: (storage: SessionStorage) => void,
): VolumeMeter | undefined {
  const { volume, volumeDir } = config;
  if (volume === undefined || sessionRef === null) return undefined;
  const { sessionId } = sessionRef;
  const refresh = (body: StorageRefresh) => api.refreshStorage(sessionId, body);
  const read = () => api.readStorage(sessionId);
  return new VolumeMeter({ volumeDir, volume, refresh, read, onOverQuota, log });
}
