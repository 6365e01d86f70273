import type { Command } from 'commander';
import { ApiError, type HttpClient } from '../../../client/http-client.js';
import type { RunResult } from '../../../contract/result.js';
import type { SessionControlled } from '../../../contract/session.js';
import { CliError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { EXIT } from '../../exit-codes.js';
import { tabSeparated } from '../../table.js';
import { watchRun } from '../../watch-run.js';
import { addSessionArgument, sessionPath } from './options.js';

interface CancelOptions {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addSessionCancel(session: Command, context: CliContext): void {
  addSessionArgument(session.command('cancel'))
    .description('cancel the turn that a session works on, else its run')
    .option('--reason <text>', 'why, for the record')
    .option('--wait', 'wait until it has ended')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3)', durationMs)
    .option('--json', 'the answer as JSON')
    .action((id: string, options: CancelOptions) =>
      reaching(context, (client) => cancel(context, client, id, options)),
    );
}

async function cancel(context: CliContext, client: HttpClient, id: string, options: CancelOptions): Promise<void> {
  const cancelled = await ask(client, id, options.reason);
  const { runId, commandId } = cancelled;
  if (options.wait && runId !== null) {
    const of = cancelled.cancelled === 'command' && commandId !== null ? { commandId } : {};
    // What ended while we asked has an end among its events: they are read from the first.
    assertCancelled(await watchRun(context, client, { runId, ...of, timeoutMs: options.waitTimeout }));
  }
  const { screen, program } = context;
  const what = cancelled.cancelled ?? 'run';
  if (options.json) {
    screen.data(JSON.stringify(cancelled));
    return;
  }
  if (!screen.out.isTerminal) {
    screen.data(tabSeparated([[id, what, what === 'run' ? runId : commandId]]));
    return;
  }
  const { bold, dim } = screen.out.colors;
  screen.data(`${dim(options.wait ? '⊘ Interrupted' : 'cancelling…')}  ${what} ${bold(commandId ?? runId ?? '')}`);
  if (!options.wait) screen.hint(dim(`  ${program} session tail ${id}   follow it to its end`));
}

async function ask(client: HttpClient, id: string, reason: string | undefined): Promise<SessionControlled> {
  try {
    return await client.post<SessionControlled>(sessionPath(id, 'control'), { action: 'cancel', reason });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    throw new CliError(`too late: ${error.message}`, EXIT.tooLate);
  }
}

function assertCancelled({ terminalStatus }: RunResult): void {
  if (terminalStatus === null || terminalStatus === 'cancelled') return;
  throw new CliError(`too late: it has ended ${terminalStatus}`, EXIT.tooLate);
}
