import type { TaskAttempt } from '../../contract/task.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { announceTaskEnd } from '../webhooks/announce-task-end.js';
import { findStarted, type AttemptOfTask } from './start-attempt.js';
import { stopAttempt, type StopAttempt } from './stop-attempt.js';

/**
 * Ends a task whose workflow is gone from Temporal (terminated there, or its data was lost), as that would have: what works on it is
 * stopped, so that a further dispatch does not do the same work beside it; its end is recorded, and told. Does nothing to a task that went
 * on since the row was read. May be repeated.
 */
export async function closeGoneTask(context: OperationContext, row: TaskRow, message: string): Promise<void> {
  const { id: taskId } = row.record;
  const reason = { text: message };
  const live = await liveAttempt(context, row);
  const started = live && (writtenDown(live) ?? (await findStarted(context, row, live)));
  if (started !== undefined) await stopAttempt(context, { ...started, reason });
  await context.tasks.closeOrphan(taskId, row.version, message);
  // What began between did not see that the task is over; what begins from now on does.
  const late = live !== undefined && started === undefined ? await findStarted(context, row, live) : undefined;
  if (late !== undefined) await stopAttempt(context, { ...late, reason });
  await announceTaskEnd(context, taskId);
}

type Live = TaskAttempt & AttemptOfTask;

async function liveAttempt(
  { tasks }: OperationContext,
  { record, attempt: newest }: TaskRow,
): Promise<Live | undefined> {
  const attempts = await tasks.listAttempts(record.id);
  const live = attempts.find(({ attempt, finishedAt }) => attempt === newest && finishedAt === null);
  return live && { ...live, taskId: record.id };
}

/** What it started, as its workflow wrote down: a moment after that was so. */
function writtenDown({ runId, commandId, sessionId, startedRun }: Live): Omit<StopAttempt, 'reason'> | undefined {
  return runId === null || commandId === null ? undefined : { runId, commandId, sessionId, startedRun };
}
