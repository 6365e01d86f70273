import type { Command } from 'commander';
import { chat } from '../chat/chat.js';
import type { ChatState, Unsent } from '../chat/chat-state.js';
import { CliError } from '../cli-error.js';
import { reaching } from '../connect.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { cutTo, terminalSafe } from '../output.js';
import { addSessionArgument } from './session/options.js';
import { addRunBaseOptions, type RunBaseOptions } from './session/run-base.js';

/** Of a prompt so much is named. */
const EXCERPT = 60;

export function addChatCommand(program: Command, context: CliContext): void {
  addRunBaseOptions(addSessionArgument(program.command('chat')))
    .description('talk to a session in this terminal; leaving stops nothing, and the same command comes back')
    .action(async (sessionId: string, newRun: RunBaseOptions) => {
      const { stdin: input, stdout: output } = process;
      if (!input.isTTY || !output.isTTY) throw noTerminal(context, sessionId);
      const state = await reaching(context, (client) => chat({ client, sessionId, newRun, context, input, output }));
      tellLeft(context, sessionId, state);
    });
}

function noTerminal({ program }: CliContext, sessionId: string): CliError {
  return new CliError('chat needs a terminal for its input and its output', EXIT.usage, [
    `without one: ${program} session send ${sessionId} "…" --tail`,
  ]);
}

/** Whoever leaves must know what goes on, and how to come back. */
function tellLeft({ screen, program }: CliContext, sessionId: string, state: ChatState): void {
  const { dim } = screen.err.colors;
  const at = state.live ?? state.waiting[0];
  if (at === undefined) screen.note(dim(`left ${sessionId}`));
  else screen.note(`detached: the turn goes on in ${at.runId}`);
  screen.note(dim(`  ${program} chat ${sessionId}   come back`));
  if (at !== undefined) screen.note(dim(`  ${program} session cancel ${sessionId}   stop it`));
  for (const unsent of state.unsent) if (unsent.isInDoubt) tellInDoubt({ screen, program }, sessionId, unsent);
}

/** Here its key goes: without it nobody could send the same again. */
function tellInDoubt(
  { screen, program }: Pick<CliContext, 'screen' | 'program'>,
  sessionId: string,
  { text, key }: Unsent,
): void {
  const { dim, yellow } = screen.err.colors;
  const [line = ''] = terminalSafe(text).split('\n', 1);
  screen.note(yellow(`! not known whether it was sent: ${cutTo(line, EXCERPT)}`));
  const options = "with the chat's options, sends the same once";
  screen.note(dim(`  ${program} session send ${sessionId} --idempotency-key ${key} "…"   ${options}`));
}
