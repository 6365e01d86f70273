import type { CommandRecord } from '../../contract/command.js';
import type { ExecutionPolicy } from '../../contract/run.js';
import type { AgentHost } from '../agent-host.js';
import type { AttemptScope } from '../attempt-scope.js';
import {
  BackendError,
  type AgentEvent,
  type EventSink,
  type TurnHandle,
  type TurnOutcome,
} from '../backends/backend.js';
import type { LeaseKeeper } from '../lease-keeper.js';
import type { Tracing } from '../../telemetry/tracing.js';
import { TurnLimits } from './turn-limits.js';

export interface TurnContext {
  readonly host: AgentHost;
  readonly lease: Pick<LeaseKeeper, 'holds' | 'held' | 'isInDoubt'>;
  readonly scope: AttemptScope;
  readonly policy: ExecutionPolicy;
  /** True while events cannot get away. */
  readonly isFull: () => boolean;
  /** Tells of the turn's course, with the runner's own facts added. */
  readonly status: (phase: string, facts: Record<string, unknown>) => void;
  /** From asking the agent to end a turn until it is made to. */
  readonly interruptGraceMs: number;
  readonly tracing: Pick<Tracing, 'span'>;
}

/**
 * One turn of the agent. When the lease came into doubt and the agent was stopped, the turn is played again from its
 * start once the lease is sure; what ends it early (an interrupt, a cancel, a limit, a question that nobody answers) is
 * its outcome, whatever the agent makes of it.
 */
export class Turn {
  /** Resolves when the agent has nothing more to do with it. */
  readonly over: Promise<void>;
  #markOver!: () => void;
  #isOver = false;
  #handle: TurnHandle | null = null;
  #handleWaiters: (() => void)[] = [];
  #verdict: TurnOutcome | null = null;
  #limits: TurnLimits | null = null;
  #forceTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly command: CommandRecord,
    private readonly context: TurnContext,
  ) {
    this.over = new Promise((resolve) => (this.#markOver = resolve));
  }

  /** Why it was ended early, where it was. */
  get verdict(): TurnOutcome | null {
    return this.#verdict;
  }

  /** Ends the turn early, or keeps it from starting. The first reason stays. */
  stop(verdict: TurnOutcome): void {
    this.#verdict ??= verdict;
    if (this.#handle) this.#interrupt(this.#handle);
  }

  /** Call after the ack. Null when the attempt ended before the turn did: it is the next attempt's. */
  async play(): Promise<TurnOutcome | null> {
    const attributes = { commandId: this.command.id, runId: this.command.runId, commandType: 'turn' };
    return this.context.tracing.span('agent_turn', { attributes }, async (span) => {
      const outcome = await this.#playToItsEnd();
      span.set({ terminalStatus: outcome?.status, failureKind: outcome?.failureKind, turnId: outcome?.turnId });
      if (outcome?.status === 'failed' || outcome?.status === 'blocked') span.fail();
      return outcome;
    });
  }

  async #playToItsEnd(): Promise<TurnOutcome | null> {
    const { policy, isFull, lease } = this.context;
    const isHeldBack = () => isFull() || lease.isInDoubt;
    this.#limits = new TurnLimits({ policy, isHeldBack, onExceeded: (verdict) => this.stop(verdict) });
    try {
      for (let round = 0; ; round += 1) {
        const outcome = await this.#playOnce(round);
        // What ended by itself while the attempt did is still worth keeping; what we ended is not.
        if (this.context.scope.isOver) return outcome?.status === 'completed' ? outcome : null;
        if (this.#verdict) return { ...this.#verdict, turnId: outcome?.turnId ?? null };
        if (outcome) return outcome;
      }
    } finally {
      this.finish();
    }
  }

  /** Nothing more will be done for it; who waits to steer it is too late. */
  finish(): void {
    this.#limits?.stop();
    if (this.#forceTimer) clearTimeout(this.#forceTimer);
    this.#isOver = true;
    this.#handle = null;
    this.#wakeWaiters();
    this.#markOver();
  }

  /** Waits for the turn to have begun; resolves on proof, or when it certainly comes too late. */
  async steer(command: CommandRecord, isCancelled: () => boolean): Promise<'delivered' | 'too-late'> {
    const attributes = { commandId: command.id, runId: command.runId, commandType: 'steer' };
    return this.context.tracing.span('agent_steer', { attributes }, async (span) => {
      const delivery = await this.#deliver(command, isCancelled);
      span.set({ phase: delivery });
      return delivery;
    });
  }

  async #deliver(command: CommandRecord, isCancelled: () => boolean): Promise<'delivered' | 'too-late'> {
    const { host, lease, scope } = this.context;
    if (!host.backend.capabilities.steer) return 'too-late';
    for (;;) {
      while (!this.#handle && !this.#isOver) await new Promise<void>((resolve) => this.#handleWaiters.push(resolve));
      if (!this.#handle || scope.isOver || isCancelled() || this.#verdict) return 'too-late';
      const epoch = host.epoch;
      if (lease.holds()) {
        if ((await this.#handle.steer(command.id, command.payload)) === 'delivered') return 'delivered';
        if (host.epoch === epoch) return 'too-late';
      }
      // The agent was stopped for the lease's sake and the turn is played again: so is this.
      await lease.held();
    }
  }

  /** Undefined when the agent was stopped in between. */
  async #playOnce(round: number): Promise<TurnOutcome | undefined> {
    const { host, lease, scope } = this.context;
    await lease.held();
    if (scope.isOver || this.#verdict) return undefined;
    const epoch = host.epoch;
    const thread = await host.thread().catch((error: unknown) => error as Error);
    if (scope.isOver || host.epoch !== epoch || !lease.holds()) return undefined;
    if (thread instanceof Error) return notOpened(thread);
    if (this.#verdict) return undefined;
    if (round > 0) this.#tell('turn/again', { message: 'the lease was in doubt: the turn starts again' });
    const handle = thread.runTurn({
      commandId: this.command.id,
      payload: this.command.payload,
      mayHaveBegun: round > 0 || this.command.acknowledgedAt !== null,
      events: this.#events(),
      onNeedsInput: (message) => this.stop({ status: 'blocked', failureKind: null, message, turnId: null }),
    });
    this.#attach(handle, thread.threadId);
    const outcome = await handle.done;
    this.#handle = null;
    return host.epoch === epoch && lease.holds() ? outcome : undefined;
  }

  #attach(handle: TurnHandle, threadId: string): void {
    this.#handle = handle;
    void handle.started.then(() => this.#tell('turn/started', { threadId }));
    this.#wakeWaiters();
  }

  #interrupt(handle: TurnHandle): void {
    handle.interrupt({ force: false });
    const { interruptGraceMs, host } = this.context;
    this.#forceTimer ??= setTimeout(() => {
      handle.interrupt({ force: true });
      // A backend that cannot even be forced loses its agent.
      this.#forceTimer = setTimeout(() => void host.stop().catch(() => {}), interruptGraceMs);
    }, interruptGraceMs);
  }

  #events(): EventSink {
    const { events } = this.context.host;
    const emit = (event: AgentEvent) => {
      this.#limits?.touch();
      return events.emit(event);
    };
    return { emit, drained: () => events.drained().then(() => this.#limits?.touch()) };
  }

  #tell(phase: string, facts: Record<string, unknown>): void {
    this.context.status(phase, { commandId: this.command.id, ...facts });
  }

  #wakeWaiters(): void {
    const waiters = this.#handleWaiters;
    this.#handleWaiters = [];
    for (const wake of waiters) wake();
  }
}

function notOpened(error: Error): TurnOutcome {
  const failureKind = error instanceof BackendError ? error.failureKind : 'backend-failed';
  return { status: 'failed', failureKind, message: error.message, turnId: null };
}
