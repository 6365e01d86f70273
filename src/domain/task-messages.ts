import type { NoteRef, Outcome } from './outcome.js';
import type { TaskPhase, TaskState } from './task-lifecycle.js';

/** What is said to a task's and a queue's workflow, and what they answer. Ids, numbers and words of ours only: no prompt passes through. */

/** New tries of a task, in milliseconds. */
export interface TaskRetryPolicy {
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

/** What a task's workflow starts with. Times in milliseconds since the epoch. */
export interface TaskInput {
  readonly taskId: string;
  readonly tenantId: string;
  readonly queue: string;
  /** The higher runs first. */
  readonly priority: number;
  readonly createdAtMs: number;
  readonly retry: TaskRetryPolicy;
  readonly notBeforeMs: number | null;
  readonly autoDispatch: boolean;
  /** Of all its attempts together, in milliseconds; null: no cap. */
  readonly maxWallTimeMs: number | null;
  /** How often the workflow itself looks at its attempt's command, should the run have told it nothing. */
  readonly backstopMs: number;
  /** Where it goes on after it had ended: a further attempt that somebody asked for. */
  readonly after?: { readonly attempt: number; readonly version: number; readonly wallTimeMs: number };
  /** A workflow that is told, by its signal `taskEnded`, when the task ends. */
  readonly reportTo?: string;
  /** Continue as new at this many history events, where Temporal does not suggest it sooner. */
  readonly continueAsNewAtEvents?: number;
}

/** Every message names its task. */
export interface ToTask {
  readonly taskId: string;
}

export interface CancelTask extends ToTask {
  readonly reason: NoteRef | null;
}

/** Signal of the queue: the task may start this attempt. */
export interface SlotGranted extends ToTask {
  readonly attempt: number;
}

/** Signal of the run: the command of one of the task's attempts has ended. */
export interface CommandEnded extends ToTask {
  readonly runId: string;
  readonly commandId: string;
  readonly outcome: Outcome;
}

/** Signal of the budget monitor: the attempt passed a cap. `message` says which, in a sentence of ours. */
export interface BudgetExceeded extends ToTask {
  readonly attempt: number;
  readonly message: string;
}

/** Signal of the task, to the workflow that it reports to: it has ended. */
export interface TaskEnded extends ToTask {
  readonly state: TaskState;
}

/** What an attempt is, once it was started. */
export interface StartedAttempt {
  readonly runId: string;
  readonly commandId: string;
  readonly sessionId: string | null;
  readonly runnerJobId: string | null;
  /** False where it joined a run that was live before. */
  readonly startedRun: boolean;
}

/** Answer of the state query, for operators. */
export interface TaskStateView {
  readonly taskId: string;
  readonly state: TaskState;
  readonly phase: TaskPhase;
  readonly attempt: number;
  readonly version: number;
  readonly waitingUntil: string | null;
}

/** Why a task's workflow says no. */
export const TASK_REFUSALS = [
  /** It has ended. */
  'task-over',
  /** It is ending; the same message said again, soon, finds it ended. */
  'task-closing',
] as const;
export type TaskRefusalType = (typeof TASK_REFUSALS)[number];

/** A message refused by a task. */
export class TaskRefused extends Error {
  override readonly name = 'TaskRefused';

  constructor(
    readonly type: TaskRefusalType,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(`refused: ${type}`);
  }
}

export interface QueueInput {
  readonly queue: string;
  /** Ends when it had nothing to do for so long; the next task starts it again. */
  readonly idleMs: number;
  /** How often slots are compared with the records, should a task have ended without giving its slot back. */
  readonly reviewMs: number;
  /** So many waiting tasks it carries, where not `QUEUE_LIMITS.carried`. */
  readonly carried?: number;
  readonly continueAsNewAtEvents?: number;
}

/** Signal: the task wants to start this attempt. Repeating is harmless. */
export interface SlotWanted extends ToTask {
  readonly attempt: number;
  readonly tenantId: string;
  readonly priority: number;
  /** Since when it waits, for its age: the time its task was created. */
  readonly sinceMs: number;
}

/** Signal: the attempt needs its slot no more, or no longer waits for one. */
export interface SlotReleased extends ToTask {
  readonly attempt: number;
}

/** What of a queue's settings decides about its slots. */
export interface SlotSettings {
  readonly concurrency: number;
  readonly paused: boolean;
  /** Of a tenant, where it is not 1: how many times the share of one of weight 1 it gets. */
  readonly weights: Readonly<Record<string, number>>;
}

/** Slots as the records know them: what a queue's workflow begins from, and is compared with. */
export interface SlotRecords {
  readonly settings: SlotSettings;
  /** The first in order: all of them together may be too many for a message. */
  readonly waiting: readonly SlotWanted[];
  /** Further ones wait. */
  readonly more?: boolean;
  readonly holding: readonly (SlotReleased & { readonly tenantId: string })[];
}

/** Answer of the state query, for operators. */
export interface QueueStateView {
  readonly queue: string;
  readonly settings: SlotSettings;
  readonly holding: readonly string[];
  /** Those that it carries; `more`: the records know further ones. */
  readonly waiting: number;
  readonly more: boolean;
  readonly waitingByTenant: Readonly<Record<string, number>>;
}
