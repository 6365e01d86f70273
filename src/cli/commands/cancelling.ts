import type { Command } from 'commander';
import type { HttpClient } from '../../client/http-client.js';
import type { TerminalStatus } from '../../domain/outcome.js';
import { CliError } from '../cli-error.js';
import type { CliContext } from '../context.js';
import { durationMs } from '../durations.js';
import { EXIT } from '../exit-codes.js';
import { tabSeparated } from '../table.js';
import { watchRun } from '../watch-run.js';

export interface CancelOptions {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

/** What every `cancel` takes; `json` says what is printed as JSON. */
export function addCancelOptions(command: Command, json: string): Command {
  return command
    .option('--reason <text>', 'why, for the record')
    .option('--wait', 'wait until it has ended')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3)', durationMs)
    .option('--json', `${json} as JSON`);
}

/** Resolves when what was cancelled has ended. @throws CliError when the time is up. */
export async function untilEnded(
  context: CliContext,
  client: HttpClient,
  cancelled: { readonly runId: string; readonly commandId?: string },
  { waitTimeout: timeoutMs }: CancelOptions,
): Promise<TerminalStatus | null> {
  // What ended while we asked has an end among its events: they are read from the first.
  return (await watchRun(context, client, { ...cancelled, timeoutMs })).terminalStatus;
}

/** @throws CliError where it came to another end before. */
export function assertCancelled(what: string, terminalStatus: TerminalStatus | null): void {
  if (terminalStatus === null || terminalStatus === 'cancelled') return;
  throw new CliError(`too late: ${what} has ended ${terminalStatus}`, EXIT.tooLate);
}

export interface Told {
  readonly json: unknown;
  readonly row: readonly (string | null)[];
  /** For people: where it stands, and which it is. */
  readonly state: string;
  readonly name: string;
  /** What to go on with while it lives; null when it does not. */
  readonly next: string | null;
}

export function tellCancelled({ screen, program }: CliContext, told: Told, { json }: CancelOptions): void {
  if (json) return screen.data(JSON.stringify(told.json));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([told.row]));
  const { dim } = screen.out.colors;
  screen.data(`${told.state}  ${told.name}`);
  if (told.next !== null) screen.hint(dim(`  ${program} ${told.next}   follow it to its end`));
}
