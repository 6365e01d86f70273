import type { NoteRef, Outcome } from '../../domain/outcome.js';
import { RunRefused, type RunRefusalType } from '../../domain/refusals.js';
import type { StartedAttempt } from '../../domain/task-messages.js';
import { toRun } from '../runs/to-run.js';
import type { OperationContext } from '../context.js';

export interface StopAttempt extends Pick<StartedAttempt, 'runId' | 'commandId' | 'startedRun'> {
  readonly reason: NoteRef | null;
  /** How the command ends, where it does not end as cancelled. */
  readonly outcome?: Outcome;
}

/** Nothing is left to stop. */
const OVER: readonly RunRefusalType[] = ['command-terminal', 'command-unknown', 'run-terminal', 'run-not-here'];

/**
 * Asks for the end of an attempt: of its command, and of its run where the task started it. A run whose turn ends for a reason of its
 * own ends with that turn. Repeating is harmless.
 */
export async function stopAttempt(context: OperationContext, stop: StopAttempt): Promise<void> {
  const { runId, commandId, startedRun, reason, outcome } = stop;
  const run = await context.runs.getRun(runId, 'all');
  if (run === undefined) return;
  await unlessOver(
    toRun(context, run, (gateway, address) => gateway.cancelCommand(address, { runId, commandId, reason, outcome })),
  );
  if (!startedRun || outcome !== undefined) return;
  await unlessOver(toRun(context, run, (gateway, address) => gateway.cancelRun(address, { runId, reason })));
}

async function unlessOver(asked: Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof RunRefused) || !OVER.includes(error.type)) throw error;
  }
}
