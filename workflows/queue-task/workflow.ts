import type { UpdateDefinition } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  patched,
  setHandler,
} from '@temporalio/workflow';
import { TaskRefused, type TaskInput, type ToTask } from '../../src/domain/task-messages.js';
import type { TaskState as TaskStateWord } from '../../src/domain/task-lifecycle.js';
import { historyIsLong } from '../history-is-long.js';
import * as messages from './messages.js';
import { nextTaskStep, type TaskStep } from './next-step.js';
import { taskStateView } from './presentation.js';
import { TaskProjection } from './projection.js';
import { performTaskStep, takeDecisions, tellReleased, type LiveTask } from './steps.js';
import { stateOf, type TaskData } from './task-data.js';
import { TaskState } from './task-state.js';

/**
 * Executions of earlier releases go on as they began: they wrote a dispatch before the slot that it wants, and each attempt's beginning by an
 * activity of its own. Asked once, as an execution begins.
 */
const WRITES_TOGETHER = 'writes-together';

/**
 * The life of one task: waits for its dispatch, its time and a slot of its queue, starts attempts, follows the command of each, and
 * decides alone what state the task has. Carries `data` over continue-as-new. Cancelling the workflow in Temporal cancels the task.
 */
export async function queueTaskWorkflow(input: TaskInput, data?: TaskData): Promise<{ state: TaskStateWord }> {
  const task = new TaskState(input, data);
  if (data === undefined && input.autoDispatch) task.dispatch();
  const writesTogether = patched(WRITES_TOGETHER);
  const live: LiveTask = { input, task, projection: new TaskProjection(input, task), writesTogether };
  handleMessages(live);
  CancellationScope.current().cancelRequested.catch(() => task.over || task.cancel({ text: 'Cancelled in Temporal.' }));
  await CancellationScope.nonCancellable(async () => liveOn(live));
  return { state: stateOf(task.data) };
}

async function liveOn(live: LiveTask): Promise<void> {
  const { input, task, projection } = live;
  for (;;) {
    const step = nextTaskStep(input, task.data, Date.now());
    // What was decided is written before anybody acts on it, but not each small step alone: a task is to cost few statements.
    if (!projection.upToDate && isAfterRecord(step)) await projection.flush();
    else if (projection.foreign || step.do === 'finish') break;
    else if (step.do !== 'wait') await performTaskStep(live, step);
    else if (historyIsLong(input) && allHandlersFinished())
      await continueAsNew<typeof queueTaskWorkflow>(input, task.data);
    else await waitForChange(live, step);
  }
  await condition(allHandlersFinished);
}

/**
 * Before the first of these the records have said that the task is this execution's. The queue reads from them who has a slot: they know
 * that it is given back before the queue does.
 */
function isAfterRecord({ do: what }: TaskStep): boolean {
  return (
    what === 'tell-queue' || what === 'release-slot' || what === 'wait' || what === 'announce' || what === 'finish'
  );
}

/** Until something is to be done, or something else is to be waited for. */
async function waitForChange({ input, task }: LiveTask, wait: Extract<TaskStep, { do: 'wait' }>): Promise<void> {
  const { version } = task.data;
  const changed = () => task.data.version !== version || (historyIsLong(input) && allHandlersFinished());
  if (wait.untilMs === null) await condition(changed);
  else await condition(changed, Math.max(1, wait.untilMs - Date.now()), { summary: wait.name });
}

/** Sets all handlers; before the first await, so that no message finds the workflow deaf. */
function handleMessages(live: LiveTask): void {
  const { input, task } = live;
  decide(live, messages.openTaskUpdate, () => undefined);
  decide(live, messages.dispatchTaskUpdate, () => task.dispatch());
  decide(live, messages.cancelTaskUpdate, ({ reason }) => task.cancel(reason));
  decide(live, messages.refreshTaskUpdate, async () => {
    const attempt = task.data.live?.attempt;
    if (attempt !== undefined) await performTaskStep(live, { do: 'check-attempt', attempt });
  });
  setHandler(messages.slotGrantedSignal, async ({ taskId, attempt }) => {
    if (task.slotGranted(attempt)) return;
    await CancellationScope.nonCancellable(async () => tellReleased(input, { taskId, attempt }));
  });
  setHandler(messages.commandEndedSignal, ({ commandId, outcome }) => task.commandEnded(commandId, outcome));
  setHandler(messages.budgetExceededSignal, ({ attempt, message }) => {
    task.stopAttempt(attempt, { status: 'blocked', failureKind: 'budget-exceeded', message: { text: message } });
  });
  setHandler(messages.taskStateQuery, () => taskStateView(input, task.data), {
    description: 'Where the task is, for operators',
  });
}

/**
 * Sets the handler of an update: what is refused leaves no trace in history; what is decided is answered when it can be read, also after
 * a cancel in Temporal, in whose scope handlers live.
 */
function decide<M extends ToTask>(
  live: LiveTask,
  update: UpdateDefinition<void, [M]>,
  handle: (message: M) => void | Promise<void>,
): void {
  const { task, projection } = live;
  const handler = async (message: M): Promise<void> => {
    await CancellationScope.nonCancellable(async () => {
      await handle(message);
      takeDecisions(live);
      await projection.flush();
    });
    if (projection.foreign)
      throw ApplicationFailure.nonRetryable('the task went on without this execution', 'task-over');
  };
  setHandler(update, handler, { validator: (_message: M) => admit(task) });
}

/** A refusal must be an ApplicationFailure: any other error in a handler would fail the whole workflow task. */
function admit(task: TaskState): void {
  try {
    task.admit();
  } catch (error) {
    throw error instanceof TaskRefused
      ? ApplicationFailure.nonRetryable(error.message, error.type, error.facts)
      : error;
  }
}
