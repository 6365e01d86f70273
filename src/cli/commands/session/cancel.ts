import type { Command } from 'commander';
import { ApiError, type HttpClient } from '../../../client/http-client.js';
import type { SessionControlled } from '../../../contract/session.js';
import { CliError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { EXIT } from '../../exit-codes.js';
import { addCancelOptions, assertCancelled, tellCancelled, untilEnded, type CancelOptions } from '../cancelling.js';
import { addSessionArgument, sessionPath } from './options.js';

export function addSessionCancel(session: Command, context: CliContext): void {
  addCancelOptions(addSessionArgument(session.command('cancel')), 'the answer')
    .description('cancel the turn that a session works on, else its run')
    .action((id: string, options: CancelOptions) =>
      reaching(context, (client) => cancel(context, client, id, options)),
    );
}

async function cancel(context: CliContext, client: HttpClient, id: string, options: CancelOptions): Promise<void> {
  const cancelled = await ask(client, id, options.reason);
  const { runId, commandId, cancelled: what = 'run' } = cancelled;
  if (options.wait && runId !== null) {
    const of = what === 'command' && commandId !== null ? { commandId } : {};
    assertCancelled('it', await untilEnded(context, client, { runId, ...of }, options));
  }
  const { bold, dim } = context.screen.out.colors;
  const told = {
    json: cancelled,
    row: [id, what, what === 'run' ? runId : commandId],
    state: dim(options.wait ? '⊘ Interrupted' : 'cancelling…'),
    name: `${what} ${bold(commandId ?? runId ?? '')}`,
    next: options.wait ? null : `session tail ${id}`,
  };
  tellCancelled(context, told, options);
}

async function ask(client: HttpClient, id: string, reason: string | undefined): Promise<SessionControlled> {
  try {
    return await client.post<SessionControlled>(sessionPath(id, 'control'), { action: 'cancel', reason });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    throw new CliError(`too late: ${error.message}`, EXIT.tooLate);
  }
}
