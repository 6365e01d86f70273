import type { FailureKind } from './failure-kinds.js';

/** What becomes of a time that comes while the task of the time before has not ended. */
export const OVERLAP_POLICIES = ['skip', 'buffer-one', 'buffer-all', 'allow-all', 'cancel-other'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/** `missing`: Temporal does not know it any more. */
export const SCHEDULE_STATES = ['active', 'paused', 'missing'] as const;

/** In milliseconds. */
export const SCHEDULE_LIMITS = {
  shortestIntervalMs: 1_000,
  longestIntervalMs: 366 * 86_400_000,
  longestJitterMs: 86_400_000,
  /** Temporal's own least. */
  shortestCatchupMs: 10_000,
  longestCatchupMs: 365 * 86_400_000,
  /** A time that was missed for longer, while Temporal was down, is left out. */
  catchupMs: 86_400_000,
} as const;

/** What a schedule's workflow starts with, at each of its times. */
export interface ScheduledTask {
  readonly scheduleId: string;
  /** Continue as new at this many history events, where Temporal does not suggest it sooner. */
  readonly continueAsNewAtEvents?: number;
}

/** What became of one time of a schedule. */
export type ScheduledTaskMade =
  | { readonly verdict: 'made'; readonly taskId: string }
  /** A sentence of ours. */
  | { readonly verdict: 'refused'; readonly failureKind: FailureKind; readonly message: string }
  /** There is no such schedule any more. */
  | { readonly verdict: 'gone' };
