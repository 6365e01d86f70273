import type { TaskCancel, TaskSummary } from '../../contract/task.js';
import { unavailable } from '../../domain/errors.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import type { TaskRefused } from '../../domain/task-messages.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { awaitRow } from '../runs/await-row.js';
import { noteOf } from '../runs/notes.js';
import { requireTask, taskAnswer } from './read-task.js';
import { toTask } from './to-task.js';

/**
 * Asks for the end of a task, and of what works on it: its command, and its run where the task started that. A task that has ended
 * stays as it is. @throws missing
 */
export async function cancelTask(
  context: OperationContext,
  principal: Principal,
  taskId: string,
  { reason }: TaskCancel,
): Promise<TaskSummary> {
  const before = await requireTask(context, principal, taskId);
  if (!hasEnded(before)) {
    const message = { taskId, reason: await noteOf(context, taskId, reason) };
    const refused = await toTask(context, taskId, (gateway) => gateway.cancelTask(message));
    await settle(context, taskId, refused, refused === undefined ? isCancelled : hasEnded);
  }
  return taskAnswer(context, principal, taskId);
}

/** The task looks at what became of its attempt, and its row says so. One that has ended stays as it is. @throws missing */
export async function refreshTask(
  context: OperationContext,
  principal: Principal,
  taskId: string,
): Promise<TaskSummary> {
  const before = await requireTask(context, principal, taskId);
  if (!hasEnded(before)) {
    const refused = await toTask(context, taskId, (gateway) => gateway.refreshTask({ taskId }));
    if (refused !== undefined) await settle(context, taskId, refused, hasEnded);
  }
  return taskAnswer(context, principal, taskId);
}

/** Waits until the row says what the workflow said; where no workflow is left that could write it, it is written here. */
async function settle(
  context: OperationContext,
  taskId: string,
  refused: TaskRefused | undefined,
  isSettled: (row: TaskRow) => boolean,
): Promise<void> {
  const row = await awaitRow(
    () => context.tasks.getDrafted(taskId),
    (read) => read === undefined || isSettled(read),
  );
  if (row === undefined || isSettled(row)) return;
  if (refused?.facts.closed !== true) {
    throw unavailable('temporal', undefined, `what became of task ${taskId} is not recorded yet; try again`);
  }
  await context.tasks.closeOrphan(taskId, 'The workflow of the task is gone from Temporal; dispatch the task again.');
}

function hasEnded({ record }: TaskRow): boolean {
  return isTerminalStatus(record.state);
}

function isCancelled(row: TaskRow): boolean {
  return hasEnded(row) || row.record.cancelRequestedAt !== null;
}
