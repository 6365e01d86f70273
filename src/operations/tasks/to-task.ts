import { taskWorkflowId } from '../../domain/ids.js';
import { TaskRefused, type TaskInput } from '../../domain/task-messages.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { QueueGateway } from '../../ports/queue-gateway.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';

/** How often a task's workflow itself looks at its attempt's command, should the run have told it nothing. */
const BACKSTOP_MS = 600_000;

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
