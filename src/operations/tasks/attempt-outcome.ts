import type { CommandRecord } from '../../contract/command.js';
import type { RunRecord } from '../../contract/run.js';
import { isTerminalStatus, type NoteRef, type Outcome } from '../../domain/outcome.js';
import type { OperationContext } from '../context.js';

type Context = Pick<OperationContext, 'runs'>;

/**
 * How an attempt's command ended; null while it is open. A run that is gone from Temporal is to be ended by `closeIfGone`, and what works for
 * it stopped: before its claim no lease tells of it. @throws unavailable
 */
export async function attemptOutcome(
  context: Context,
  commandId: string,
  closeIfGone: (run: RunRecord) => Promise<unknown>,
): Promise<Outcome | null> {
  const command = await context.runs.getCommand(commandId, 'all');
  if (command === undefined || isTerminalStatus(command.state)) return outcomeOf(context, command);
  const run = await context.runs.getRun(command.runId, 'all');
  if (run === undefined) return null;
  await closeIfGone(run);
  return outcomeOf(context, await context.runs.getCommand(commandId, 'all'));
}

const GONE: Outcome = {
  status: 'failed',
  failureKind: 'infra-failed',
  message: { text: "The record of the attempt's command is gone." },
};

async function outcomeOf(context: Context, command: CommandRecord | undefined): Promise<Outcome | null> {
  if (command === undefined) return GONE;
  const { state, failureKind } = command;
  return isTerminalStatus(state) ? { status: state, failureKind, message: await messageOf(context, command) } : null;
}

/** Words from outside go by a note, not through the history. */
async function messageOf({ runs }: Context, { runId, failureMessage }: CommandRecord): Promise<NoteRef | null> {
  return failureMessage === null ? null : { noteId: await runs.writeNote(runId, failureMessage) };
}
