import type { ExecutionPolicy } from '../../contract/run.js';
import type { TurnOutcome } from '../backends/backend.js';

export interface TurnLimitsOptions {
  readonly policy: Pick<ExecutionPolicy, 'timeoutMs' | 'idleTimeoutMs'>;
  /** True while the agent cannot speak because of us: silence is not its fault then. */
  readonly isHeldBack: () => boolean;
  readonly onExceeded: (verdict: TurnOutcome) => void;
}

const HELD_BACK_CHECK_MS = 500;

/** Watches one turn from its ack: all its time, and the longest silence within it. */
export class TurnLimits {
  readonly #startedAt = performance.now();
  #lastEventAt = this.#startedAt;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: TurnLimitsOptions) {
    this.#plan();
  }

  /** The turn said something. */
  touch(): void {
    this.#lastEventAt = performance.now();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #plan(): void {
    const { timeoutMs, idleTimeoutMs } = this.options.policy;
    const due = Math.min(this.#startedAt + timeoutMs, this.#lastEventAt + idleTimeoutMs);
    const inMs = Math.max(1, Math.ceil(due - performance.now()));
    this.#timer = setTimeout(
      () => this.#check(),
      this.options.isHeldBack() ? Math.min(inMs, HELD_BACK_CHECK_MS) : inMs,
    );
  }

  #check(): void {
    const { policy, isHeldBack, onExceeded } = this.options;
    const now = performance.now();
    if (now - this.#startedAt >= policy.timeoutMs) {
      return onExceeded(exceeded('hard-timeout', `the turn took longer than ${policy.timeoutMs} ms`));
    }
    if (isHeldBack()) this.touch();
    else if (now - this.#lastEventAt >= policy.idleTimeoutMs) {
      return onExceeded(exceeded('idle-timeout', `nothing came from the turn for ${policy.idleTimeoutMs} ms`));
    }
    this.#plan();
  }
}

function exceeded(failureKind: 'hard-timeout' | 'idle-timeout', message: string): TurnOutcome {
  return { status: 'failed', failureKind, message, turnId: null };
}
