/**
 * `events:` grows with a run's log; `commands:` changes when a command or a cancel mark does; `warm:` is for one warm runner that has a run
 * now, `warm:pools` for whoever keeps their number.
 */
export type Topic = `events:${string}` | `commands:${string}` | `warm:${string}`;

/**
 * Hints that something may have changed, over processes. A hint can come late or twice, and after a lost connection every
 * subscription is woken once: so readers read first, then wait, and treat a wake-up as "look again".
 */
export interface Wakeups {
  /**
   * Tells all processes, soon and coalesced; never throws and never waits. Of `events:` that somebody may wait for (`urgent`) those in other
   * processes hear as soon as of anything else; of the others, which come on and on, in larger pieces.
   */
  notify(topic: Topic, options?: { readonly urgent: boolean }): void;
  subscribe(topic: Topic): Subscription;
}

export interface Subscription {
  /** Resolves at the next hint, or one that came since the last call; or after `timeoutMs`; or when `signal` aborts. */
  next(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}
