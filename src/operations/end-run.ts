import type { CancelRequest, RunFinish, RunRecord } from '../contract/run.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { Principal } from '../domain/principal.js';
import type { RunRefusalType } from '../domain/refusals.js';
import { requireRun } from './access.js';
import type { OperationContext } from './context.js';
import { noteOf } from './notes.js';
import { settled } from './run-refusals.js';
import { toRun } from './to-run.js';
import { assertAttemptLives, writerOf } from './writer.js';

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
  await settled(runId, asked, RUN_OVER);
  return reread(context, run);
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
  await settled(runId, asked, RUN_OVER);
  return reread(context, run);
}

async function reread(context: OperationContext, before: RunRecord): Promise<RunRecord> {
  return (await context.runs.getRun(before.id, 'all')) ?? before;
}
