import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { announceTaskEnd } from '../webhooks/announce-task-end.js';
import { stopAttempt } from './stop-attempt.js';

/**
 * Ends a task whose workflow is gone from Temporal (terminated there, or its data was lost), as that would have: what works on it is
 * stopped, so that a further dispatch does not do the same work beside it; its end is recorded, and told. Does nothing to a task that went
 * on since the row was read. May be repeated.
 */
export async function closeGoneTask(context: OperationContext, row: TaskRow, message: string): Promise<void> {
  const { id: taskId } = row.record;
  const attempts = await context.tasks.listAttempts(taskId);
  const live = attempts.find(({ attempt, finishedAt }) => attempt === row.attempt && finishedAt === null);
  if (live !== undefined && live.runId !== null && live.commandId !== null) {
    const { runId, commandId, sessionId, startedRun } = live;
    await stopAttempt(context, { runId, commandId, sessionId, startedRun, reason: { text: message } });
  }
  await context.tasks.closeOrphan(taskId, row.version, message);
  await announceTaskEnd(context, taskId);
}
