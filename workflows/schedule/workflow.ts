import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Activities } from '../../activities/index.js';
import { isTerminalStatus } from '../../src/domain/outcome.js';
import type { ScheduledTask } from '../../src/domain/schedules.js';
import type { SearchAttributeName } from '../../src/domain/search-attributes.js';
import type { TaskState } from '../../src/domain/task-lifecycle.js';
import { taskEndedSignal } from './messages.js';

/** Repeated until our parts answer: a time that came must not be lost. What is refused is answered, not thrown. */
const activities = proxyActivities<Activities>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** The task tells of its end; should nobody have told, the records are asked, at first soon and then seldom. */
const FIRST_LOOK_MS = 5_000;
const LONGEST_LOOK_MS = 1_800_000;

const taskKey = defineSearchAttributeKey('AgentRunTaskId' satisfies SearchAttributeName, SearchAttributeType.KEYWORD);

/** What is carried over continue-as-new. */
interface Waiting {
  readonly taskId: string;
  readonly lookMs: number;
}

/**
 * One time of a schedule: makes its task, and lives until that has ended, so that the schedule's overlap policy means what it says.
 * Cancelled (by that policy, or by hand) it cancels the task, and ends when the task has.
 */
export async function scheduledTaskWorkflow(input: ScheduledTask, waiting?: Waiting): Promise<TaskState | undefined> {
  const told = new Map<string, TaskState>();
  setHandler(taskEndedSignal, ({ taskId, state }) => void told.set(taskId, state));
  const cancel = { isWanted: false };
  CancellationScope.current().cancelRequested.catch(() => {
    cancel.isWanted = true;
  });
  const state = await CancellationScope.nonCancellable(async () => live(input, waiting, told, cancel));
  if (cancel.isWanted) throw new CancelledFailure('cancelled, and its task with it');
  return state;
}

async function live(
  input: ScheduledTask,
  waiting: Waiting | undefined,
  told: ReadonlyMap<string, TaskState>,
  cancel: { readonly isWanted: boolean },
): Promise<TaskState | undefined> {
  const taskId = waiting?.taskId ?? (await makeTask(input));
  if (taskId === undefined) return undefined;
  present(taskId);
  for (
    let lookMs = waiting?.lookMs ?? FIRST_LOOK_MS;
    !cancel.isWanted;
    lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)
  ) {
    const state = await endWithin(lookMs, taskId, told, cancel);
    if (state !== undefined) return state;
    // What was said is not carried over.
    if (isHistoryLong(input) && !cancel.isWanted && !told.has(taskId))
      await continueAsNew<typeof scheduledTaskWorkflow>(input, { taskId, lookMs });
  }
  await activities.cancelScheduledTask({ scheduleId: input.scheduleId, taskId });
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)) {
    const state = await endWithin(lookMs, taskId, told, { isWanted: false });
    if (state !== undefined) return state;
  }
}

function isHistoryLong({ continueAsNewAtEvents = Infinity }: ScheduledTask): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= continueAsNewAtEvents;
}

/** How the task ended; undefined where it has not, or where somebody wants it cancelled. */
async function endWithin(
  lookMs: number,
  taskId: string,
  told: ReadonlyMap<string, TaskState>,
  cancel: { readonly isWanted: boolean },
): Promise<TaskState | undefined> {
  const isSaid = () => told.has(taskId) || cancel.isWanted;
  if (await condition(isSaid, lookMs, { summary: `look at task ${taskId}` })) return told.get(taskId);
  const state = await activities.readTaskState({ taskId });
  return isTerminalStatus(state) ? state : undefined;
}

function present(taskId: string): void {
  upsertSearchAttributes([{ key: taskKey, value: taskId }]);
  setCurrentDetails(`waits for the end of task \`${taskId}\``);
}

/** The workflow's id holds the schedule's name and the time: made again, it is the same task. */
async function makeTask({ scheduleId }: ScheduledTask): Promise<string | undefined> {
  const { workflowId } = workflowInfo();
  const made = await activities.createScheduledTask({ scheduleId, actionId: workflowId });
  if (made.verdict === 'refused') throw ApplicationFailure.nonRetryable(made.message, made.failureKind);
  return made.verdict === 'made' ? made.taskId : undefined;
}
