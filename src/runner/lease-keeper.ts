import type { RenewedRun } from '../contract/lease.js';
import type { Log } from './log.js';

export interface LeaseKeeperOptions {
  readonly leaseMs: number;
  /** One try of a renewal. */
  readonly renew: (leaseMs: number, timeoutMs: number) => Promise<RenewedRun>;
  /** The manager's word that the attempt is over for this runner. */
  readonly isLost: (error: unknown) => boolean;
  readonly onRenewed: (run: RenewedRun) => void;
  /**
   * The lease could have run out elsewhere: called at once, also from within `holds`, and before anything else goes on.
   */
  readonly onDoubt: () => void;
  readonly onLost: () => void;
  readonly log: Log;
  /** Milliseconds that never go back, and go on while this process stands still. */
  readonly now?: () => number;
  /** The wall clock, by which a sleep of the whole machine is seen. */
  readonly wallNow?: () => number;
}

const MAX_MARGIN_MS = 10_000;
const MAX_RENEWAL_TIMEOUT_MS = 10_000;
const RETRY_MS = { min: 100, max: 2_000 };
const SLEEP_CHECK_MS = 1_000;
const SLEEP_MS = 5_000;

/**
 * Keeps the lease, and knows without asking whether it surely holds: time counts from when the last successful renewal
 * was *sent*, since the manager cannot have granted it earlier, and ends a margin before the lease does, so that there
 * is time to stop the agent.
 */
export class LeaseKeeper {
  readonly #now: () => number;
  readonly #wallNow: () => number;
  readonly #marginMs: number;
  #sureUntil = 0;
  #inDoubt = false;
  #stopped = false;
  #renewing = false;
  #failures = 0;
  #renewTimer: NodeJS.Timeout | null = null;
  #doubtTimer: NodeJS.Timeout | null = null;
  #sleepTimer: NodeJS.Timeout | null = null;
  #waiters: (() => void)[] = [];

  constructor(private readonly options: LeaseKeeperOptions) {
    this.#now = options.now ?? (() => performance.now());
    this.#wallNow = options.wallNow ?? (() => Date.now());
    this.#marginMs = Math.min(options.leaseMs / 10, MAX_MARGIN_MS);
  }

  /** Begins with a claim that was sent at `sentAt` and answered. */
  start(sentAt: number): void {
    this.#grant(sentAt);
    this.#plan(this.options.leaseMs / 3);
    this.#watchForSleep();
  }

  /** Whether the lease surely holds now. The first "no" raises the doubt before it is answered. */
  holds(): boolean {
    if (this.#inDoubt || this.#stopped) return false;
    if (this.#now() < this.#sureUntil) return true;
    this.#inDoubt = true;
    this.options.log.warn({ leaseMs: this.options.leaseMs }, 'the lease may have run out; stopping the agent');
    this.options.onDoubt();
    return false;
  }

  /** Resolves when the lease surely holds; or when the keeper is stopped. */
  async held(): Promise<void> {
    while (!this.#stopped && !this.holds()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  get isInDoubt(): boolean {
    return this.#inDoubt;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of [this.#renewTimer, this.#doubtTimer, this.#sleepTimer]) if (timer) clearTimeout(timer);
    this.#wake();
  }

  #plan(inMs: number): void {
    if (this.#stopped) return;
    if (this.#renewTimer) clearTimeout(this.#renewTimer);
    this.#renewTimer = setTimeout(() => void this.#renew(), inMs);
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#stopped) return;
    this.#renewing = true;
    this.holds();
    const { leaseMs } = this.options;
    const sentAt = this.#now();
    try {
      const timeoutMs = Math.max(500, Math.min(leaseMs / 3, MAX_RENEWAL_TIMEOUT_MS));
      this.#renewed(sentAt, await this.options.renew(leaseMs, timeoutMs));
      this.#plan(leaseMs / 3 - (this.#now() - sentAt));
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#renewing = false;
    }
  }

  #renewed(sentAt: number, run: RenewedRun): void {
    if (this.#stopped) return;
    // An answer that comes after the old lease could have ended does not undo that it could have.
    this.holds();
    this.#failures = 0;
    this.#grant(sentAt);
    this.options.onRenewed(run);
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    if (this.options.isLost(error)) return this.options.onLost();
    this.#failures += 1;
    const reason = error instanceof Error ? error.message : String(error);
    this.options.log.warn({ failures: this.#failures, reason }, 'the lease was not renewed; trying again');
    const backoffMs = Math.min(RETRY_MS.max, this.options.leaseMs / 10, RETRY_MS.min * 2 ** this.#failures);
    this.#plan(backoffMs * (0.5 + Math.random() / 2));
  }

  #grant(sentAt: number): void {
    this.#sureUntil = sentAt + this.options.leaseMs - this.#marginMs;
    if (this.#now() >= this.#sureUntil) return;
    this.#planDoubt();
    if (!this.#inDoubt) return;
    this.#inDoubt = false;
    this.options.log.info({}, 'the lease still holds; going on');
    this.#wake();
  }

  /** A timer may come a little early by the clock that counts: then there is still something to wait for. */
  #planDoubt(): void {
    if (this.#doubtTimer) clearTimeout(this.#doubtTimer);
    const look = () => {
      if (this.holds()) this.#planDoubt();
    };
    this.#doubtTimer = setTimeout(look, Math.max(1, Math.ceil(this.#sureUntil - this.#now())));
  }

  /**
   * The monotonic clock may stand still while the machine sleeps, so a sleep that the wall clock shows is a reason to
   * ask at once.
   */
  #watchForSleep(): void {
    let [before, wallBefore] = [this.#now(), this.#wallNow()];
    this.#sleepTimer = setInterval(() => {
      const [now, wallNow] = [this.#now(), this.#wallNow()];
      if (wallNow - wallBefore - (now - before) > SLEEP_MS) this.#plan(0);
      [before, wallBefore] = [now, wallNow];
    }, SLEEP_CHECK_MS);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
