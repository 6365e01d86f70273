import type { RunCreate } from '../../contract/run.js';
import { exceededBudget } from '../../domain/budgets.js';
import { AgentRunError, missing } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { firstCommandId, runnerJobId } from '../../domain/ids.js';
import type { StartedAttempt } from '../../domain/task-messages.js';
import type { Principal } from '../../domain/principal.js';
import { SESSION_TTL_MS } from '../../domain/session-state.js';
import type { Reservation } from '../../ports/reservation.js';
import type { TaskRow } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { startRun } from '../runs/start-run.js';
import { deliverSends } from '../sessions/deliver-sends.js';
import { stopAttempt } from './stop-attempt.js';

export interface AttemptOfTask {
  readonly taskId: string;
  /** From 1. */
  readonly attempt: number;
}

/**
 * Starts an attempt: a run of its own, or a turn on the live run of the task's session. Repeating finds what was started the first
 * time. Throws as `makeRun` and `sendToSession` do.
 */
export async function startAttempt(context: OperationContext, asked: AttemptOfTask): Promise<StartedAttempt> {
  const row = await context.tasks.get(asked.taskId, 'all');
  if (row === undefined) throw missing('task', asked.taskId);
  // One that was begun goes on, whatever a cap or a profile says now: nobody else knows of its run.
  const begun = (await context.runs.findReserved(reservationOf(row, asked))) !== undefined;
  if (!begun) await assertWithinBudget(context, asked.taskId);
  const sessionId = row.work.run.sessionRef?.sessionId;
  const started =
    sessionId === undefined
      ? await startOwnRun(context, row, asked, begun)
      : await takeTurn(context, row, asked, sessionId);
  if (await isOver(context, asked)) await stopAttempt(context, { ...started, reason: OVER });
  return started;
}

const OVER = { text: 'the task ended while its attempt began' };

/** Starting may take long, and a task whose workflow is gone is ended meanwhile, and perhaps dispatched again. */
async function isOver({ tasks }: OperationContext, { taskId, attempt }: AttemptOfTask): Promise<boolean> {
  const row = await tasks.get(taskId, 'all');
  if (row === undefined || row.attempt > attempt) return true;
  // A workflow of an earlier release writes the attempt down while it is being started.
  return row.attempt === attempt && isTerminalStatus(row.record.state);
}

/** What an attempt has started, also where nobody wrote that down; undefined where nothing is to be seen of it yet. */
export async function findStarted(
  { runs, sessions }: OperationContext,
  row: TaskRow,
  asked: AttemptOfTask,
): Promise<Omit<StartedAttempt, 'runnerJobId'> | undefined> {
  const id = await runs.findReserved(reservationOf(row, asked));
  if (id === undefined) return undefined;
  const sessionId = row.work.run.sessionRef?.sessionId ?? null;
  if (sessionId === null) return { runId: id, commandId: firstCommandId(id), sessionId, startedRun: true };
  const sent = await sessions.readSend(id);
  if (sent === undefined) return undefined;
  return { runId: sent.command.runId, commandId: id, sessionId, startedRun: sent.decision.startedRun ?? false };
}

/** An attempt that would be stopped at once is not started. */
async function assertWithinBudget({ budgets }: OperationContext, taskId: string): Promise<void> {
  const facts = await budgets.ofTask(taskId);
  const message = facts === undefined ? null : exceededBudget(facts);
  if (message !== null) throw new AgentRunError('budget-exceeded', 'conflict', message, { taskId });
}

async function startOwnRun(
  context: OperationContext,
  row: TaskRow,
  asked: AttemptOfTask,
  begun: boolean,
): Promise<StartedAttempt> {
  const { run, command, runnerJob } = await startRun(context, principalOf(row), {
    body: runOf(row),
    traceId: row.record.traceId,
    reservation: reservationOf(row, asked),
    allowed: begun,
    opening: { turn: { payload: row.work.payload, taskId: asked.taskId }, runnerJob: row.work.runnerJob },
  });
  return {
    runId: run.id,
    commandId: command.id,
    sessionId: null,
    runnerJobId: runnerJob?.id ?? null,
    startedRun: true,
  };
}

/** One Update-with-Start, as a send's: the session's live run takes the turn, or a new one begins with it. */
async function takeTurn(
  context: OperationContext,
  row: TaskRow,
  asked: AttemptOfTask,
  sessionId: string,
): Promise<StartedAttempt> {
  await makeSession(context, row, sessionId);
  const draft = { commandId: newId('cmd'), sessionId, payload: row.work.payload };
  const drafted = await context.sessions.draftSend(draft, reservationOf(row, asked));
  if (!drafted.opened) {
    const { runnerJob } = row.work;
    const fresh = drafted.id === draft.commandId;
    const said = { sessionId, commandId: drafted.id, fresh, runnerJob, traceId: row.record.traceId };
    const refusals = await deliverSends(context, [{ ...said, run: runOf(row), taskId: asked.taskId }]);
    const refused = refusals.get(drafted.id);
    if (refused !== undefined) throw refused;
  }
  const sent = await context.sessions.readSend(drafted.id);
  if (sent === undefined) throw new Error(`command ${drafted.id} was delivered but is not there`);
  const { runId } = sent.command;
  const startedRun = sent.decision.startedRun ?? false;
  const jobId = startedRun ? runnerJobId(runId, 1) : null;
  return { runId, commandId: drafted.id, sessionId, runnerJobId: jobId, startedRun };
}

async function makeSession(context: OperationContext, { record, work }: TaskRow, sessionId: string): Promise<void> {
  await context.sessions.create({
    id: sessionId,
    tenantId: record.tenantId,
    projectId: record.projectId,
    backendProfile: record.backendProfile,
    conversationId: work.run.sessionRef?.conversationId ?? null,
    codexRolloutSubdir: 'sessions',
    metadata: work.run.sessionRef?.metadata ?? {},
    ttlMs: SESSION_TTL_MS,
  });
}

/** A run that a task started ends with its turn. */
function runOf({ work }: TaskRow): RunCreate {
  return { ...work.run, endsWithTurn: true };
}

/** The task was created by somebody who may do this in its tenant. */
function principalOf({ record }: TaskRow): Principal {
  return { kind: 'operator', name: `queue ${record.queue}`, tenants: [record.tenantId] };
}

function reservationOf({ record }: TaskRow, { taskId, attempt }: AttemptOfTask): Reservation {
  return { tenantId: record.tenantId, route: 'task attempt', key: `${taskId}/${attempt}`, bodyHash: '' };
}
