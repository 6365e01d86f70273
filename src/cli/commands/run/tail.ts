import type { Command } from 'commander';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { follow } from './follow.js';
import { addRunIdArgument, count } from './options.js';

interface TailOptions {
  readonly after?: number;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addRunTail(run: Command, context: CliContext): void {
  addRunIdArgument(run.command('tail'))
    .description('show what happens in a run, from its beginning to its end')
    .option('--after <seq>', 'only events after this one', count)
    .option('--wait-timeout <duration>', 'leave off after this long (exit code 3); the run goes on', durationMs)
    .option('--json', 'each event as a line of JSON, the result as the last')
    .action((runId: string, { after, waitTimeout, json = false }: TailOptions) =>
      reaching(context, (client) => follow(context, client, { runId, afterSeq: after, tail: true, json, waitTimeout })),
    );
}
