import { ActivityFailure, ApplicationFailure, getExternalWorkflowHandle } from '@temporalio/workflow';
import { assertNever } from '../../src/domain/assert-never.js';
import { FAILURE_KINDS, type FailureKind } from '../../src/domain/failure-kinds.js';
import { queueWorkflowId } from '../../src/domain/ids.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type { SlotReleased, TaskEnded, TaskInput } from '../../src/domain/task-messages.js';
import { slotReleasedSignal } from '../queue/messages.js';
import { taskEndedSignal } from '../schedule/messages.js';
import { attempts } from './activities.js';
import { nextTaskStep, type TaskStep } from './next-step.js';
import type { TaskProjection } from './projection.js';
import { stateOf } from './task-data.js';
import type { TaskState } from './task-state.js';

export interface LiveTask {
  readonly input: TaskInput;
  readonly task: TaskState;
  readonly projection: TaskProjection;
  /** What follows at once is written with what led to it, and with the work that comes next; see `WRITES_TOGETHER` in `workflow.ts`. */
  readonly writesTogether: boolean;
}

/** Does what is due by itself. */
export async function performTaskStep(
  live: LiveTask,
  step: Exclude<TaskStep, { do: 'wait' | 'finish' }>,
): Promise<void> {
  const { task } = live;
  switch (step.do) {
    case 'begin-wait-over':
      task.waitIsOver();
      return;
    case 'want-slot':
      task.wantSlot();
      return;
    case 'tell-queue':
      return tellQueue(live);
    case 'release-slot':
      return releaseSlot(live);
    case 'begin-attempt':
      task.beginAttempt();
      return;
    case 'start-attempt':
      return startAttempt(live, step.attempt);
    case 'stop-attempt':
      return stopAttempt(live, step.attempt);
    case 'over-budget':
      task.stopAttempt(step.attempt, step.outcome);
      return;
    case 'check-attempt':
      return checkAttempt(live, step.attempt);
    case 'announce':
      return announce(live);
    default:
      return assertNever(step);
  }
}

/** Takes the steps that only decide, so that what a message led to is written at once. */
export function takeDecisions({ input, task, writesTogether }: LiveTask): void {
  while (writesTogether) {
    const { do: what } = nextTaskStep(input, task.data, Date.now());
    if (what === 'begin-wait-over') task.waitIsOver();
    else if (what === 'want-slot') task.wantSlot();
    else return;
  }
}

/** The queue's workflow may have to be started for it, which only a client can do. */
async function tellQueue({ input, task }: LiveTask): Promise<void> {
  const { slot } = task.data;
  const { taskId, tenantId, priority, queue } = input;
  const { attempt } = slot;
  await attempts.wantSlot({ queue, wanted: { taskId, attempt, tenantId, priority, sinceMs: input.createdAtMs } });
  if (task.data.slot.attempt === attempt) task.data.slot.told = true;
}

async function releaseSlot({ input, task }: LiveTask): Promise<void> {
  const { attempt } = task.data.slot;
  await tellReleased(input, { taskId: input.taskId, attempt });
  task.slotReleased();
}

/** A queue that is gone has nobody left to tell. */
export async function tellReleased({ queue }: TaskInput, released: SlotReleased): Promise<void> {
  try {
    await getExternalWorkflowHandle(queueWorkflowId(queue)).signal(slotReleasedSignal, released);
  } catch {
    // It reads from the records who has a slot, when it begins again.
  }
}

/** What is refused for good is how the attempt ended. */
async function startAttempt({ input, task, projection, writesTogether }: LiveTask, attempt: number): Promise<void> {
  // It may take long, where a session's last run is still ending: meanwhile the record says so.
  const snapshot = writesTogether ? projection.carry() : undefined;
  const recorded = writesTogether ? undefined : projection.flush();
  try {
    const { written, ...started } = await attempts.startTaskAttempt({ taskId: input.taskId, attempt, snapshot });
    projection.carried(snapshot, written);
    task.attemptStarted(attempt, started);
  } catch (error) {
    task.attemptEnded(attempt, refusedOutcome(error));
  }
  await recorded;
}

async function stopAttempt({ input, task }: LiveTask, attempt: number): Promise<void> {
  const { live, cancel } = task.data;
  if (live?.attempt !== attempt || live.started === null) return;
  const { taskId } = input;
  const { runId, commandId, sessionId, startedRun } = live.started;
  const stop = { taskId, runId, commandId, sessionId, startedRun, reason: cancel?.reason ?? null };
  await attempts.stopTaskAttempt(live.stop === null ? stop : { ...stop, outcome: live.stop.outcome });
  task.stopTold(attempt);
}

/** The run's workflow tells as a rule; where it was ended from outside, the record does. */
async function checkAttempt({ task }: LiveTask, attempt: number): Promise<void> {
  const { live } = task.data;
  if (live?.attempt !== attempt || live.started === null) return;
  const { commandId } = live.started;
  const ended = await attempts.readTaskAttempt({ commandId });
  live.checkedAtMs = Date.now();
  if (ended !== null) task.attemptEnded(attempt, ended);
}

/** Of an execution that its task went on without there is nothing to tell: then this step does not come. */
async function announce({ input, task }: LiveTask): Promise<void> {
  const { taskId, reportTo } = input;
  await attempts.announceTaskEnd({ taskId });
  if (reportTo !== undefined) await report(reportTo, { taskId, state: stateOf(task.data) });
  task.data.announced = true;
}

/** Whoever waited for it is gone, or looks at the records by itself. */
async function report(workflowId: string, ended: TaskEnded): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(taskEndedSignal, ended);
  } catch {
    // Then nobody is left to tell.
  }
}

function refusedOutcome(error: unknown): Outcome {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) throw error;
  const failureKind = isFailureKind(cause.type) ? cause.type : 'infra-failed';
  const status = failureKind === 'budget-exceeded' ? 'blocked' : 'failed';
  return { status, failureKind, message: { text: cause.message } };
}

function isFailureKind(type: string | null | undefined): type is FailureKind {
  return (FAILURE_KINDS as readonly (string | null | undefined)[]).includes(type);
}
