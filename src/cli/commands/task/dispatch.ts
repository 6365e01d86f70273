import { Option, type Command } from 'commander';
import type { TaskRecord } from '../../../contract/task.js';
import { isTerminalStatus } from '../../../domain/outcome.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { addTaskIdArgument, taskPath } from './options.js';
import { tellTask } from './tell-task.js';
import { watchTask } from './watch-task.js';

interface DispatchOptions {
  readonly watch?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addTaskDispatch(task: Command, context: CliContext): void {
  addTaskIdArgument(task.command('dispatch'))
    .description('let a task begin, or again where it has failed or needs you; harmless while an attempt lives')
    .option('--watch', 'show what happens until its end')
    .addOption(
      new Option('--wait-timeout <duration>', 'leave off watching after this long (exit code 3)').argParser(durationMs),
    )
    .option('--json', 'the task as JSON; with --watch, JSON lines')
    .action((id: string, { watch, waitTimeout, json = false }: DispatchOptions) => {
      if (!watch && waitTimeout !== undefined) throw usageError('--wait-timeout needs --watch');
      return reaching(context, async (client) => {
        const dispatched = await client.post<TaskRecord>(taskPath(id, 'dispatch'), {});
        if (watch) await watchTask(context, client, id, { json, waitTimeout, afterAttempt: overBefore(dispatched) });
        else tellTask(context, dispatched, { json });
      });
    });
}

/** The attempt that had ended when the task was let begin again: how it went is known. */
function overBefore({ state, latestAttempt }: TaskRecord): number | undefined {
  if (isTerminalStatus(state) || latestAttempt === null || !isTerminalStatus(latestAttempt.state)) return undefined;
  return latestAttempt.attempt;
}
