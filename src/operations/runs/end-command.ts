import type { CommandAck, CommandFinish, CommandRecord } from '../../contract/command.js';
import type { CancelRequest } from '../../contract/run.js';
import { isOpen } from '../../domain/command-lifecycle.js';
import { unavailable } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { RunRefusalType } from '../../domain/refusals.js';
import { requireCommand } from '../access.js';
import { awaitRow } from './await-row.js';
import type { OperationContext } from '../context.js';
import { noteOf } from './notes.js';
import { settled } from './run-refusals.js';
import { toRun } from './to-run.js';
import { assertAttemptLives, writerOf } from './writer.js';

/**
 * The command is over, alone or with its run: whatever was asked, its record is the answer. A workflow forgets ended
 * commands in time, so one that has a record and is unknown there has ended too.
 */
export const COMMAND_OVER: readonly RunRefusalType[] = [
  'command-terminal',
  'command-unknown',
  'run-terminal',
  'run-not-here',
];

/**
 * The runner has taken the command. Repeating is harmless, also when the command has ended.
 * @throws lease-lost for a writer that no longer holds the attempt; unavailable when the command's end is not recorded yet.
 */
export async function ackCommand(
  context: OperationContext,
  principal: Principal,
  commandId: string,
  body: CommandAck,
): Promise<CommandRecord> {
  const { command, run } = await requireCommand(context, principal, commandId);
  const writer = writerOf(principal, body);
  assertAttemptLives(run, writer);
  if (!isOpen(command)) return command;
  const message = { runId: run.id, commandId, ...writer, threadId: body.threadId ?? undefined };
  const asked = toRun(context, run, (gateway, address) => gateway.ackCommand(address, message));
  const over = await settled(run.id, asked, COMMAND_OVER);
  return over === undefined ? reread(context, command) : ended(context, command);
}

/**
 * Ends a command. The first terminal word wins; repeating is harmless.
 * @throws lease-lost for a writer that no longer holds the attempt; unavailable when the command's end is not recorded yet.
 */
export async function finishCommand(
  context: OperationContext,
  principal: Principal,
  commandId: string,
  body: CommandFinish,
): Promise<CommandRecord> {
  const { command, run } = await requireCommand(context, principal, commandId);
  const writer = writerOf(principal, body);
  assertAttemptLives(run, writer);
  if (!isOpen(command)) return command;
  const note = await noteOf(context, run.id, body.failureMessage);
  const outcome = { status: body.terminalStatus, failureKind: body.failureKind ?? null, message: note };
  const thread = { threadId: body.threadId ?? undefined, turnId: body.turnId ?? undefined };
  const message = { runId: run.id, commandId, ...writer, outcome, ...thread, tooLate: body.tooLate };
  const asked = toRun(context, run, (gateway, address) => gateway.finishCommand(address, message));
  const over = await settled(run.id, asked, COMMAND_OVER);
  return over === undefined ? reread(context, command) : ended(context, command);
}

/** Asks for the end of a command: at once where no runner has it, otherwise its runner is told. A command that has ended stays as it is. */
export async function cancelCommand(
  context: OperationContext,
  principal: Principal,
  commandId: string,
  body: CancelRequest,
): Promise<CommandRecord> {
  const { command, run } = await requireCommand(context, principal, commandId);
  if (!isOpen(command)) return command;
  const message = { runId: run.id, commandId, reason: await noteOf(context, run.id, body.reason) };
  const asked = toRun(context, run, (gateway, address) => gateway.cancelCommand(address, message));
  const over = await settled(run.id, asked, COMMAND_OVER);
  return over === undefined ? reread(context, command) : ended(context, command);
}

/** What the row says once it has caught up with the workflow, which says that the command is over. */
async function ended(context: OperationContext, before: CommandRecord): Promise<CommandRecord> {
  const command = await awaitRow(
    () => reread(context, before),
    (row) => !isOpen(row),
  );
  if (!isOpen(command)) return command;
  throw unavailable('temporal', undefined, `command ${command.id} has ended, but its end is not recorded; try again`);
}

async function reread(context: OperationContext, before: CommandRecord): Promise<CommandRecord> {
  return (await context.runs.getCommand(before.id, 'all')) ?? before;
}
