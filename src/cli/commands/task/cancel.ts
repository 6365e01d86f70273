import type { Command } from 'commander';
import { followTasks } from '../../../client/follow-tasks.js';
import type { HttpClient } from '../../../client/http-client.js';
import type { TaskRecord } from '../../../contract/task.js';
import { isTerminalStatus } from '../../../domain/outcome.js';
import { usageError } from '../../cli-error.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { outageNotes, watching } from '../../watch-run.js';
import { addCancelOptions, assertCancelled, type CancelOptions } from '../cancelling.js';
import { addTaskIdArgument, taskPath } from './options.js';
import { tellTask } from './tell-task.js';

export function addTaskCancel(task: Command, context: CliContext): void {
  const command = addTaskIdArgument(task.command('cancel')).description(
    'end a task: its attempt is cancelled, and the run where the task started it',
  );
  addCancelOptions(command, 'the task').action((id: string, options: CancelOptions) => {
    if (!options.wait && options.waitTimeout !== undefined) throw usageError('--wait-timeout needs --wait');
    return reaching(context, (client) => cancel(context, client, id, options));
  });
}

async function cancel(context: CliContext, client: HttpClient, id: string, options: CancelOptions): Promise<void> {
  const { reason, wait, waitTimeout, json = false } = options;
  let task = await client.post<TaskRecord>(taskPath(id, 'cancel'), { reason });
  if (wait && !isTerminalStatus(task.state)) task = await toItsEnd(context, client, id, waitTimeout);
  assertCancelled('the task', isTerminalStatus(task.state) ? task.state : null);
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
