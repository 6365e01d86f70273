import type { FailureKind } from './failure-kinds.js';
import type { NoteRef } from './outcome.js';
import type { TaskPhase, TaskState } from './task-lifecycle.js';

/**
 * A task as its workflow knows it, on its way to the read models. Times are milliseconds since the epoch.
 * Written only when its version is newer than what is there, so that a late retry is harmless.
 */
export interface TaskSnapshot {
  readonly taskId: string;
  /** The first execution of the workflow that owns the task; a snapshot of another execution is refused. */
  readonly executionId: string;
  /** The version that the row must have where this execution goes on with a task that had ended. */
  readonly afterVersion: number | null;
  readonly version: number;
  readonly state: TaskState;
  readonly phase: TaskPhase;
  /** The newest attempt; 0 before the first. */
  readonly attempt: number;
  readonly failureKind: FailureKind | null;
  readonly failureMessage: NoteRef | null;
  readonly dispatchedAtMs: number | null;
  /** When it goes on by itself: `notBefore`, or the end of a backoff. */
  readonly waitingUntilMs: number | null;
  readonly slotWantedAtMs: number | null;
  readonly cancelRequestedAtMs: number | null;
  readonly cancelReason: NoteRef | null;
  /** Time that its ended attempts took together, in milliseconds. */
  readonly wallTimeMs: number;
  /** Attempts changed since the last snapshot that was written. */
  readonly attempts: readonly TaskAttemptSnapshot[];
  readonly atMs: number;
}

export interface TaskAttemptSnapshot {
  readonly attempt: number;
  readonly runId: string | null;
  readonly commandId: string | null;
  readonly sessionId: string | null;
  readonly runnerJobId: string | null;
  readonly startedRun: boolean;
  /** Of an attempt that could not be started there is no command: then this is all that is known of its end. */
  readonly state: TaskState;
  readonly failureKind: FailureKind | null;
  readonly failureMessage: NoteRef | null;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
}
