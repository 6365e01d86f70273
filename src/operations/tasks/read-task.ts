import { DEFAULT_READER } from '../../contract/session.js';
import type { TaskDetail, TaskSummary } from '../../contract/task.js';
import { missing } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { TaskRow } from '../../ports/task-store.js';
import { taskDiagnosis } from '../../run-result/task-diagnosis.js';
import { tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';
import type { FactsTarget, ReadFacts } from '../runs/read-many-run-facts.js';
import { readRunFacts } from '../runs/read-run-facts.js';
import { settlePolicy } from '../runs/settle-policy.js';
import { readWork, taskSummary } from './task-summaries.js';

/** The task, if the principal may see it; `unread` is this reader's. @throws missing */
export async function requireTask(
  context: Pick<OperationContext, 'tasks'>,
  principal: Principal,
  taskId: string,
  readerId = DEFAULT_READER,
): Promise<TaskRow> {
  const row = await context.tasks.get(taskId, tenantScope(principal), readerId);
  if (row === undefined) throw missing('task', taskId);
  return row;
}

/** What those answer who change a task. @throws missing */
export async function taskAnswer(
  context: OperationContext,
  principal: Principal,
  taskId: string,
  readerId = DEFAULT_READER,
): Promise<TaskSummary> {
  return summaryOf(context, await requireTask(context, principal, taskId, readerId), readerId);
}

/** One task whole. @throws missing */
export async function readTask(
  context: OperationContext,
  principal: Principal,
  taskId: string,
  readerId = DEFAULT_READER,
): Promise<TaskDetail> {
  const row = await requireTask(context, principal, taskId, readerId);
  const [summary, attempts, queue] = await Promise.all([
    summaryOf(context, row, readerId),
    context.tasks.listAttempts(taskId),
    context.tasks.queue(row.record.queue),
  ]);
  const { workspaceRef, executionPolicy } = row.work.run;
  return {
    ...summary,
    payload: row.work.payload as TaskDetail['payload'],
    workspaceRef: workspaceRef ?? { kind: 'none' },
    executionPolicy: settlePolicy(context, executionPolicy),
    attempts,
    diagnosis: taskDiagnosis({ task: row.record, attempt: attemptSentence(summary), queue }),
  };
}

/** The reader has seen all that there is now. @throws missing */
export async function markTaskRead(
  context: OperationContext,
  principal: Principal,
  taskId: string,
  readerId = DEFAULT_READER,
): Promise<TaskSummary> {
  await requireTask(context, principal, taskId);
  await context.tasks.markRead(taskId, readerId);
  return taskAnswer(context, principal, taskId, readerId);
}

export async function summaryOf(
  context: OperationContext,
  { record }: TaskRow,
  readerId = DEFAULT_READER,
): Promise<TaskSummary> {
  const work = await readWork(context, [record], readerId, async (targets) => readOneRunFacts(context, targets));
  return taskSummary(record, work(record));
}

/** Of one task there is time to read all that tells of it. */
async function readOneRunFacts(context: OperationContext, [target]: readonly FactsTarget[]): Promise<ReadFacts> {
  const run = target && (await context.runs.getRun(target.runId, 'all'));
  if (run === undefined) return () => undefined;
  const { commandId } = target ?? { commandId: null };
  const command = commandId === null ? undefined : await context.runs.getCommand(commandId, 'all');
  const facts = await readRunFacts(context, run, command ?? null);
  return () => facts;
}

/** Unless the session works on something else, or has gone on with that: then its sentence tells nothing of this task. */
function attemptSentence(summary: TaskSummary): string | null {
  const { state, supervisor, latestAttempt } = summary;
  if (state === 'running' && isBehindAnother(summary)) {
    return `The task's turn waits in session ${latestAttempt?.sessionId} for another one that works there; it begins when that has ended; wait, or cancel the task.`;
  }
  if (supervisor === null || supervisor.phase === 'unavailable' || !('source' in supervisor)) return null;
  return supervisor.source === 'latest-attempt' || state === 'running' ? supervisor.diagnosis : null;
}

function isBehindAnother({ latestAttempt, activeSession }: TaskSummary): boolean {
  const current = activeSession?.activeCommandId ?? null;
  return latestAttempt?.state === 'pending' && current !== null && current !== latestAttempt.commandId;
}
