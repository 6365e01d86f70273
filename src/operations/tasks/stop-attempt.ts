import { isTerminalStatus, type NoteRef, type Outcome } from '../../domain/outcome.js';
import { RunRefused, type RunRefusalType } from '../../domain/refusals.js';
import type { StartedAttempt } from '../../domain/task-messages.js';
import { awaitRow } from '../runs/await-row.js';
import { toRun } from '../runs/to-run.js';
import type { OperationContext } from '../context.js';

export interface StopAttempt extends Pick<StartedAttempt, 'runId' | 'commandId' | 'sessionId' | 'startedRun'> {
  readonly reason: NoteRef | null;
  /** How the command ends, where it does not end as cancelled. */
  readonly outcome?: Outcome;
}

/** Nothing is left to stop. */
const OVER: readonly RunRefusalType[] = ['command-terminal', 'command-unknown', 'run-terminal', 'run-not-here'];

/**
 * Asks for the end of an attempt: of its command, and of its run where the task started it. A session's run is left to end with its turns:
 * others may have given it work meanwhile. A run that is gone from Temporal is ended here. Repeating is harmless.
 */
export async function stopAttempt(context: OperationContext, stop: StopAttempt): Promise<void> {
  const { runId, commandId, sessionId, startedRun, reason, outcome } = stop;
  const run = await context.runs.getRun(runId, 'all');
  if (run === undefined) return;
  await unlessOver(context, runId, () =>
    toRun(context, run, (gateway, address) => gateway.cancelCommand(address, { runId, commandId, reason, outcome })),
  );
  if (!startedRun || sessionId !== null || outcome !== undefined) return;
  await unlessOver(context, runId, () =>
    toRun(context, run, (gateway, address) => gateway.cancelRun(address, { runId, reason })),
  );
}

async function unlessOver(context: OperationContext, runId: string, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof RunRefused) || !OVER.includes(error.type)) throw error;
    if (error.facts.closed === true) await closeGoneRun(context, runId);
  }
}

/** A run writes its end before its workflow closes; one that did not is ended here, or its command would stay open for ever. */
async function closeGoneRun({ runs }: OperationContext, runId: string): Promise<void> {
  const read = async () => runs.getRun(runId, 'all');
  const run = await awaitRow(read, (row) => row === undefined || isTerminalStatus(row.status));
  if (run === undefined || isTerminalStatus(run.status)) return;
  await runs.closeOrphan(runId, 'The workflow of the run is gone from Temporal; start the run again.');
}
