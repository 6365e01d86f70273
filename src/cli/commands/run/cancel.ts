import type { Command } from 'commander';
import type { RunRecord } from '../../../contract/run.js';
import { CliError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { EXIT } from '../../exit-codes.js';
import { statusWord } from '../../status-words.js';
import { tabSeparated } from '../../table.js';
import { watchRun } from '../../watch-run.js';
import { addRunIdArgument } from './options.js';

interface CancelOptions {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addRunCancel(run: Command, context: CliContext): void {
  addRunIdArgument(run.command('cancel'))
    .description('ask for the end of a run')
    .option('--reason <text>', 'why, for the record')
    .option('--wait', 'wait until it has ended')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3)', durationMs)
    .option('--json', 'the record as JSON')
    .action((runId: string, options: CancelOptions) => cancel(context, runId, options));
}

async function cancel(context: CliContext, runId: string, options: CancelOptions): Promise<void> {
  await reaching(context, async (client) => {
    let run = await client.post<RunRecord>(`/api/v1/runs/${runId}/cancel`, { reason: options.reason });
    if (options.wait && run.terminalStatus === null) {
      await watchRun(context, client, { runId, timeoutMs: options.waitTimeout });
      run = await client.get<RunRecord>(`/api/v1/runs/${runId}`);
    }
    if (run.terminalStatus !== null && run.terminalStatus !== 'cancelled') {
      throw new CliError(`too late: the run has ended ${run.terminalStatus}`, EXIT.tooLate);
    }
    tell(context, run, options.json ?? false);
  });
}

function tell({ screen, program }: CliContext, run: RunRecord, json: boolean): void {
  if (json) return screen.data(JSON.stringify(run));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([[run.id, run.status]]));
  const { bold, dim } = screen.out.colors;
  const state = run.terminalStatus === null ? dim('cancelling…') : statusWord(run, screen.out.colors);
  screen.data(`${state}  ${bold(run.id)}`);
  if (run.terminalStatus === null) screen.hint(dim(`  ${program} run tail ${run.id}   follow it to its end`));
}
