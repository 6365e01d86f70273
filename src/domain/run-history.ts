/** What a run's workflow in Temporal tells of it, beside the records: our own work for it, its waits, and what was done to it there. */

interface At {
  readonly atMs: number;
}

export type HistoryFact =
  | (At & { readonly what: 'execution-started'; readonly continued: boolean })
  | (At & {
      readonly what: 'activity-ended';
      readonly activity: string;
      readonly startedAtMs: number;
      readonly tries: number;
      /** The attempt whose Job it was about. */
      readonly attempt: number | null;
      /** Null where it was done. */
      readonly failure: string | null;
    })
  /** `name` is what the wait was for. */
  | (At & { readonly what: 'timer-fired'; readonly name: string; readonly startedAtMs: number })
  | (At & { readonly what: 'lease-doubted'; readonly attempt: number | null })
  | (At & {
      readonly what: 'runner-exited';
      readonly attempt: number | null;
      readonly reason: string;
      readonly exitCode: number | null;
    })
  | (At & { readonly what: 'task-failed'; readonly cause: string })
  | (At & { readonly what: 'cancel-requested' })
  | (At & { readonly what: 'execution-ended'; readonly how: ExecutionEnd; readonly reason: string | null });

export type ExecutionEnd = 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out' | 'continued';

/** Work that is being tried, perhaps again and again. */
export interface PendingWork {
  readonly activity: string;
  readonly tries: number;
  readonly scheduledAtMs: number;
  readonly attempt: number | null;
  /** Why it was tried again; null where it was not. */
  readonly failure: string | null;
}

export interface RunHistory {
  /** Oldest first. */
  readonly facts: readonly HistoryFact[];
  /** Where it begins later than the run: the history was too long to be read whole. */
  readonly isCut: boolean;
  readonly pending: readonly PendingWork[];
  /** Waits that are under way. */
  readonly timers: readonly { readonly name: string; readonly startedAtMs: number; readonly untilMs: number }[];
}
