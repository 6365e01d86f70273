import type { NoteRef, Outcome } from '../../src/domain/outcome.js';
import type { TaskPhase, TaskState } from '../../src/domain/task-lifecycle.js';
import type { StartedAttempt, TaskInput } from '../../src/domain/task-messages.js';
import type { TaskAttemptSnapshot } from '../../src/domain/task-snapshot.js';

/** All that a task's workflow knows, as plain JSON: it is carried over continue-as-new. Times are epoch milliseconds of workflow time. */
export interface TaskData {
  /** Grows with every change; orders projections. */
  version: number;
  /** The newest attempt, over all dispatches of the task; 0 before the first. */
  attempt: number;
  /** Attempts since somebody dispatched it last: what the retry policy counts. */
  tries: number;
  dispatchedAtMs: number | null;
  /** What it waits for until it may ask for a slot. */
  wait: { readonly phase: 'waiting-until' | 'waiting-to-retry'; readonly untilMs: number } | null;
  slot: SlotData;
  live: LiveAttempt | null;
  cancel: { readonly atMs: number; readonly reason: NoteRef | null } | null;
  /** Of the attempts that have ended. */
  wallTimeMs: number;
  outcome: Outcome | null;
  /** Its end is told to whom it concerns. */
  announced: boolean;
  /** Attempts that the next projection writes. */
  unwritten: TaskAttemptSnapshot[];
}

export interface SlotData {
  /** `wanted`: the queue is to be told, or has been. */
  state: 'none' | 'wanted' | 'held';
  /** The attempt that it is for. */
  attempt: number;
  wantedAtMs: number | null;
  /** The queue knows that it is wanted. */
  told: boolean;
}

export interface LiveAttempt {
  readonly attempt: number;
  readonly startedAtMs: number;
  /** Null while it is being made. */
  started: StartedAttempt | null;
  /** Ends of commands that were told before it was known which command it is. */
  early: { readonly commandId: string; readonly outcome: Outcome }[];
  /** Why it is to be stopped, where not by the task's cancel; and that the run was told. */
  stop: { readonly outcome: Outcome } | null;
  stopTold: boolean;
  /** When its command was last looked at. */
  checkedAtMs: number;
}

export function newTaskData({ after, notBeforeMs }: TaskInput, nowMs: number): TaskData {
  return {
    version: (after?.version ?? 0) + 1,
    attempt: after?.attempt ?? 0,
    tries: 0,
    dispatchedAtMs: null,
    wait: notBeforeMs !== null && notBeforeMs > nowMs ? { phase: 'waiting-until', untilMs: notBeforeMs } : null,
    slot: { state: 'none', attempt: 0, wantedAtMs: null, told: false },
    live: null,
    cancel: null,
    wallTimeMs: after?.wallTimeMs ?? 0,
    outcome: null,
    announced: false,
    unwritten: [],
  };
}

/** A slot for the next attempt, as against one that the last attempt has not given back yet. */
export function mayBegin({ slot, attempt }: TaskData): boolean {
  return slot.state === 'held' && slot.attempt > attempt;
}

export function stateOf(data: TaskData): TaskState {
  if (data.outcome !== null) return data.outcome.status;
  return data.live !== null || mayBegin(data) ? 'running' : 'pending';
}

export function phaseOf(data: TaskData): TaskPhase {
  const { outcome, live, cancel, dispatchedAtMs, wait } = data;
  if (outcome !== null) return 'ended';
  if (live !== null) {
    if (cancel !== null || live.stop !== null) return 'cancelling';
    return live.started === null ? 'starting' : 'running';
  }
  if (mayBegin(data)) return 'starting';
  if (dispatchedAtMs === null) return 'waiting-for-dispatch';
  return wait?.phase ?? 'waiting-for-slot';
}
