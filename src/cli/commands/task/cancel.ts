import type { Command } from 'commander';
import { followTasks } from '../../../client/follow-tasks.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { TaskRecord } from '../../../contract/task.js';
import { isTerminalStatus } from '../../../domain/outcome.js';
import { CliError, usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { durationMs } from '../../durations.js';
import { EXIT } from '../../exit-codes.js';
import { outageNotes, watching } from '../../watch-run.js';
import { addTaskIdArgument, taskPath } from './options.js';
import { tellTask } from './tell-task.js';

interface CancelOptions {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly waitTimeout?: number;
  readonly json?: boolean;
}

export function addTaskCancel(task: Command, context: CliContext): void {
  addTaskIdArgument(task.command('cancel'))
    .description('end a task: its attempt is cancelled, and the run where the task started it')
    .option('--reason <text>', 'why, for the record')
    .option('--wait', 'wait until it has ended')
    .option('--wait-timeout <duration>', 'leave off waiting after this long (exit code 3)', durationMs)
    .option('--json', 'the task as JSON')
    .action((id: string, options: CancelOptions) => {
      if (!options.wait && options.waitTimeout !== undefined) throw usageError('--wait-timeout needs --wait');
      return reaching(context, (client) => cancel(context, client, id, options));
    });
}

async function cancel(context: CliContext, client: HttpClient, id: string, options: CancelOptions): Promise<void> {
  const { reason, wait, waitTimeout, json = false } = options;
  let task = await client.post<TaskRecord>(taskPath(id, 'cancel'), { reason });
  if (wait && !isTerminalStatus(task.state)) task = await toItsEnd(context, client, id, waitTimeout);
  if (isTerminalStatus(task.state) && task.state !== 'cancelled') {
    throw new CliError(`too late: the task has ended ${task.state}`, EXIT.tooLate);
  }
  tellTask(context, task, { json, ...(isTerminalStatus(task.state) ? {} : { instead: 'cancelling…' }) });
}

async function toItsEnd(
  context: CliContext,
  client: HttpClient,
  id: string,
  timeoutMs: number | undefined,
): Promise<TaskRecord> {
  const goOn = `it is being cancelled; \`${context.program} task watch ${id}\` follows it to its end`;
  await watching({ timeoutMs, goOn }, async (signal) => {
    // Each of its states is told; the last one is the end.
    for await (const _ of followTasks(client, [id], { signal, ...outageNotes(context) }));
  });
  return client.get<TaskRecord>(taskPath(id));
}
