import { unavailable } from '../../domain/errors.js';
import { taskWorkflowId } from '../../domain/ids.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { TaskRefused, type TaskInput } from '../../domain/task-messages.js';
import type { QueueGateway } from '../../ports/queue-gateway.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { closeGoneTask } from './close-gone-task.js';
import { awaitRow } from '../runs/await-row.js';

/** How often a task's workflow itself looks at its attempt's command, should the run have told it nothing. */
const BACKSTOP_MS = 600_000;

const GONE = 'The workflow of the task is gone from Temporal; dispatch the task again.';

/** Says something to a task's workflow when it is this caller's turn; answers its refusal, undefined when it did as it was told. */
export async function toTask(
  context: Pick<OperationContext, 'sequencer' | 'queueGateway'>,
  taskId: string,
  say: (gateway: QueueGateway) => Promise<void>,
): Promise<TaskRefused | undefined> {
  try {
    await context.sequencer.run(taskWorkflowId(taskId), () => say(context.queueGateway));
    return undefined;
  } catch (error) {
    if (error instanceof TaskRefused) return error;
    throw error;
  }
}

/**
 * Waits until the row says what the workflow said. Where there is no workflow that could write it, the task is ended here.
 * @throws unavailable('temporal') when the row does not say it in time
 */
export async function settled(
  context: OperationContext,
  taskId: string,
  refused: TaskRefused | undefined,
  isSettled: (row: TaskRow) => boolean,
): Promise<void> {
  const row = await awaitRow(
    () => context.tasks.get(taskId, 'all'),
    (read) => read === undefined || isSettled(read),
  );
  if (row === undefined || isSettled(row)) return;
  if (refused?.facts.closed !== true) {
    throw unavailable('temporal', undefined, `what became of task ${taskId} is not recorded yet; try again`);
  }
  await closeGoneTask(context, row, GONE);
}

export function hasEnded({ record }: TaskRow): boolean {
  return isTerminalStatus(record.state);
}

/** What its workflow starts with; where the task has ended, it goes on from there. */
export function taskInput(row: TaskRow, context: Pick<OperationContext, 'continueAsNewAtEvents'>): TaskInput {
  const { record, version, attempt, wallTimeMs } = row;
  return {
    taskId: record.id,
    tenantId: record.tenantId,
    queue: record.queue,
    priority: record.priority,
    createdAtMs: Date.parse(record.createdAt),
    retry: record.retryPolicy,
    notBeforeMs: record.notBefore === null ? null : Date.parse(record.notBefore),
    autoDispatch: record.autoDispatch,
    maxWallTimeMs: record.budget.maxWallTimeMs,
    backstopMs: BACKSTOP_MS,
    ...(isTerminalStatus(record.state) && { after: { attempt, version, wallTimeMs } }),
    continueAsNewAtEvents: context.continueAsNewAtEvents,
  };
}
