import type { TaskCancel, TaskSummary } from '../../contract/task.js';
import type { Principal } from '../../domain/principal.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { noteOf } from '../runs/notes.js';
import { requireTask, taskAnswer } from './read-task.js';
import { hasEnded, settled, toTask } from './to-task.js';

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
    await settled(context, taskId, refused, refused === undefined ? isCancelled : hasEnded);
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
    if (refused !== undefined) await settled(context, taskId, refused, hasEnded);
  }
  return taskAnswer(context, principal, taskId);
}

function isCancelled(row: TaskRow): boolean {
  return hasEnded(row) || row.record.cancelRequestedAt !== null;
}
