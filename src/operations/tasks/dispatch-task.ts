import type { TaskSummary } from '../../contract/task.js';
import { conflict, unavailable } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { requireTask, taskAnswer } from './read-task.js';
import { hasEnded, settled, taskInput, toTask } from './to-task.js';

/** A task may end, or go on, while it is told to begin, and its workflow may be gone: it is then looked at anew. */
const TRIES = 10;

/**
 * Lets a task begin: its attempt starts when its time has come and its queue has a slot. Repeating is harmless. One that failed or is
 * blocked begins again, and one that waits to be tried again does not wait longer.
 * @throws missing; conflict for a task that was completed or cancelled; rate-limited for one that has ended where its queue is full
 */
export async function dispatchTask(
  context: OperationContext,
  principal: Principal,
  taskId: string,
): Promise<TaskSummary> {
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await requireTask(context, principal, taskId);
    assertMayBegin(row);
    if (hasEnded(row)) await context.tasks.admitAgain(taskId);
    const input = taskInput(row, context);
    const refused = await toTask(context, taskId, (gateway) => gateway.dispatchTask(input));
    if (refused === undefined) return taskAnswer(context, principal, taskId);
    await settled(context, taskId, refused, hasEnded);
  }
  throw unavailable('temporal', undefined, `task ${taskId} is just ending; try again`);
}

function assertMayBegin({ record: { id, state } }: TaskRow): void {
  if (state !== 'completed' && state !== 'cancelled') return;
  throw conflict(`task ${id} is ${state}, and does not begin again; make another`, { taskId: id, state });
}
