import { usedAllWallTime } from '../../src/domain/budgets.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type { TaskInput } from '../../src/domain/task-messages.js';
import { mayBegin, type LiveAttempt, type TaskData } from './task-data.js';

/** What a task's workflow has to do by itself. */
export type TaskStep =
  | { readonly do: 'begin-wait-over' }
  | { readonly do: 'want-slot' }
  | { readonly do: 'tell-queue' }
  | { readonly do: 'release-slot' }
  | { readonly do: 'begin-attempt' }
  | { readonly do: 'start-attempt'; readonly attempt: number }
  | { readonly do: 'stop-attempt'; readonly attempt: number }
  /** An attempt passed a cap of the task. */
  | { readonly do: 'over-budget'; readonly attempt: number; readonly outcome: Outcome }
  /** Look at what became of the attempt's command: nobody told for long. */
  | { readonly do: 'check-attempt'; readonly attempt: number }
  | { readonly do: 'announce' }
  | { readonly do: 'finish' }
  /** Nothing until a message comes, or until then. `name` is what the wait is for, as operators read it. */
  | { readonly do: 'wait'; readonly untilMs: number | null; readonly name: string };

/** The next thing to do, from the state and the time alone. Pure. */
export function nextTaskStep(input: TaskInput, data: TaskData, nowMs: number): TaskStep {
  if (data.outcome !== null) return endStep(data);
  if (data.live !== null) return liveStep(input, data, data.live, nowMs);
  if (data.slot.state === 'held') return { do: mayBegin(data) ? 'begin-attempt' : 'release-slot' };
  if (data.dispatchedAtMs === null) return { do: 'wait', untilMs: null, name: 'dispatch' };
  if (data.wait !== null) return waitStep(data.wait, nowMs);
  if (data.slot.state === 'none') return { do: 'want-slot' };
  return data.slot.told ? { do: 'wait', untilMs: null, name: 'slot' } : { do: 'tell-queue' };
}

/** The slot goes first: the next task need not wait for what is told of this one. */
function endStep({ slot, announced }: TaskData): TaskStep {
  if (slot.state !== 'none') return { do: 'release-slot' };
  return announced ? { do: 'finish' } : { do: 'announce' };
}

function waitStep({ phase, untilMs }: NonNullable<TaskData['wait']>, nowMs: number): TaskStep {
  if (untilMs <= nowMs) return { do: 'begin-wait-over' };
  return { do: 'wait', untilMs, name: phase === 'waiting-until' ? 'not before' : 'backoff before the next attempt' };
}

function liveStep(input: TaskInput, data: TaskData, live: LiveAttempt, nowMs: number): TaskStep {
  const { attempt } = live;
  if (live.started === null) return { do: 'start-attempt', attempt };
  const isStopping = live.stop !== null || data.cancel !== null;
  if (isStopping && !live.stopTold) return { do: 'stop-attempt', attempt };
  const checkAtMs = live.checkedAtMs + input.backstopMs;
  const overAtMs = isStopping ? Infinity : wallTimeIsUpAtMs(input, data, live);
  if (overAtMs <= nowMs) return { do: 'over-budget', attempt, outcome: wallTimeOutcome(input.maxWallTimeMs ?? 0) };
  if (checkAtMs <= nowMs) return { do: 'check-attempt', attempt };
  return overAtMs < checkAtMs
    ? { do: 'wait', untilMs: overAtMs, name: "the task's wall time" }
    : { do: 'wait', untilMs: checkAtMs, name: 'look at the attempt' };
}

function wallTimeIsUpAtMs(
  { maxWallTimeMs }: TaskInput,
  { wallTimeMs }: TaskData,
  { startedAtMs }: LiveAttempt,
): number {
  return maxWallTimeMs === null ? Infinity : startedAtMs + Math.max(0, maxWallTimeMs - wallTimeMs);
}

function wallTimeOutcome(maxWallTimeMs: number): Outcome {
  return { status: 'blocked', failureKind: 'budget-exceeded', message: { text: usedAllWallTime(maxWallTimeMs) } };
}
