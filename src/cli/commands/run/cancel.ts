import type { Command } from 'commander';
import type { RunRecord } from '../../../contract/run.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { statusWord } from '../../status-words.js';
import { addCancelOptions, assertCancelled, tellCancelled, untilEnded, type CancelOptions } from '../cancelling.js';
import { addRunIdArgument } from './options.js';

export function addRunCancel(run: Command, context: CliContext): void {
  addCancelOptions(addRunIdArgument(run.command('cancel')), 'the record')
    .description('ask for the end of a run')
    .action((runId: string, options: CancelOptions) => cancel(context, runId, options));
}

async function cancel(context: CliContext, runId: string, options: CancelOptions): Promise<void> {
  await reaching(context, async (client) => {
    let run = await client.post<RunRecord>(`/api/v1/runs/${runId}/cancel`, { reason: options.reason });
    if (options.wait && run.terminalStatus === null) {
      await untilEnded(context, client, { runId }, options);
      run = await client.get<RunRecord>(`/api/v1/runs/${runId}`);
    }
    const { id, status, terminalStatus } = run;
    assertCancelled('the run', terminalStatus);
    const { colors } = context.screen.out;
    const state = terminalStatus === null ? colors.dim('cancelling…') : statusWord(run, colors);
    const next = terminalStatus === null ? `run tail ${id}` : null;
    tellCancelled(context, { json: run, row: [id, status], state, name: colors.bold(id), next }, options);
  });
}
