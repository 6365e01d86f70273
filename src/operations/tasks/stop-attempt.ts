import type { NoteRef, Outcome } from '../../domain/outcome.js';
import { RunRefused } from '../../domain/refusals.js';
import type { StartedAttempt } from '../../domain/task-messages.js';
import { closeGoneRun } from '../runs/close-gone-run.js';
import { COMMAND_OVER } from '../runs/end-command.js';
import { toRun } from '../runs/to-run.js';
import type { OperationContext } from '../context.js';

export interface StopAttempt extends Pick<StartedAttempt, 'runId' | 'commandId' | 'sessionId' | 'startedRun'> {
  readonly reason: NoteRef | null;
  /** How the command ends, where it does not end as cancelled. */
  readonly outcome?: Outcome;
}

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
    if (!(error instanceof RunRefused) || !COMMAND_OVER.includes(error.type)) throw error;
    if (error.facts.closed === true) await closeGoneRun(context, runId);
  }
}
