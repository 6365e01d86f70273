import type { CancelRequest, RunFinish, RunRecord } from '../../contract/run.js';
import { unavailable } from '../../domain/errors.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import type { Principal } from '../../domain/principal.js';
import type { RunRefused, RunRefusalType } from '../../domain/refusals.js';
import { requireRun } from '../access.js';
import { awaitRow } from './await-row.js';
import type { OperationContext } from '../context.js';
import { noteOf } from './notes.js';
import { settled } from './run-refusals.js';
import { toRun } from './to-run.js';
import { assertAttemptLives, writerOf } from './writer.js';

/** How a run ends that nobody can end any more. */
export const WORKFLOW_GONE = 'The workflow of the run is gone from Temporal; start the run again.';

const RUN_OVER: readonly RunRefusalType[] = ['run-terminal', 'run-not-here'];

/**
 * Ends a run. The first terminal word wins; repeating is harmless.
 * @throws conflict when a command newer than `lastCommandSeq` came in; lease-lost for a writer that no longer holds the attempt.
 */
export async function finishRun(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: RunFinish,
): Promise<RunRecord> {
  const run = await requireRun(context, principal, runId);
  const writer = writerOf(principal, body);
  assertAttemptLives(run, writer);
  if (isTerminalStatus(run.status)) return run;
  const note = await noteOf(context, runId, body.failureMessage);
  const outcome = { status: body.terminalStatus, failureKind: body.failureKind ?? null, message: note };
  const thread = { threadId: body.threadId ?? undefined };
  const message = { runId, ...writer, outcome, ...thread, lastCommandSeq: body.lastCommandSeq };
  const asked = toRun(context, run, (gateway, address) => gateway.finishRun(address, message));
  const over = await settled(runId, asked, RUN_OVER);
  return recorded(context, run, hasEnded, over);
}

/** Asks for the end of a run: at once where no runner lives, otherwise its runner is told first. A run that has ended stays as it is. */
export async function cancelRun(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: CancelRequest,
): Promise<RunRecord> {
  const run = await requireRun(context, principal, runId);
  if (isTerminalStatus(run.status)) return run;
  const message = { runId, reason: await noteOf(context, runId, body.reason) };
  const asked = toRun(context, run, (gateway, address) => gateway.cancelRun(address, message));
  const over = await settled(runId, asked, RUN_OVER);
  return recorded(context, run, over === undefined ? isCancelled : hasEnded, over);
}

function hasEnded(run: RunRecord): boolean {
  return isTerminalStatus(run.status);
}

function isCancelled(run: RunRecord): boolean {
  return hasEnded(run) || run.cancelRequestedAt !== null;
}

/** The run once its row says what its workflow said; the row may be an instant behind. */
async function recorded(
  context: OperationContext,
  before: RunRecord,
  isRecorded: (run: RunRecord) => boolean,
  over: RunRefused | undefined,
): Promise<RunRecord> {
  const run = await awaitRow(() => reread(context, before), isRecorded);
  if (isRecorded(run)) return run;
  if (over !== undefined && isGone(over)) return workflowGone(context, run);
  throw unavailable('temporal', undefined, `what became of run ${run.id} is not recorded yet; try again`);
}

/** A workflow that answers will write its run's end yet; one that is closed, or runs another run, will not. */
function isGone(over: RunRefused): boolean {
  return over.type === 'run-not-here' || over.facts.closed === true;
}

/**
 * Nobody is left who could write the run's end, so it is written here. Its runner hears of it at its next word; its Job is stopped before a
 * further run of the session begins, or else by maintenance.
 */
async function workflowGone(context: OperationContext, run: RunRecord): Promise<RunRecord> {
  await context.runs.closeOrphan(run.id, WORKFLOW_GONE);
  return reread(context, run);
}

async function reread(context: OperationContext, before: RunRecord): Promise<RunRecord> {
  return (await context.runs.getRun(before.id, 'all')) ?? before;
}
