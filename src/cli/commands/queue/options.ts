import { InvalidArgumentError, type Command } from 'commander';
import type { QueueChanged, QueueUpdate } from '../../../contract/queue.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { tabSeparated } from '../../table.js';
import { plainQueue, queueWord, slotWords } from '../../queue-words.js';

export const QUEUES_PATH = '/api/v1/queue/queues';

export function queuePath(name: string): string {
  return `${QUEUES_PATH}/${encodeURIComponent(name)}`;
}

/** The manager says what a name may be; a path it is not. */
export function queueName(given: string): string {
  if (given.trim() === '' || given === '.' || given === '..')
    throw new InvalidArgumentError('Give the name of a queue.');
  return given;
}

export function addQueueArgument(command: Command): Command {
  return command.argument('<name>', 'the queue', queueName).option('--json', 'the queue as JSON');
}

const LATER = 'saved; Temporal does not answer, and the queue goes by it within ten minutes of its return';

/** Changes what the update names, and tells how the queue stands then. */
export async function updateQueue(context: CliContext, name: string, update: QueueUpdate, json = false): Promise<void> {
  await reaching(context, async (client) => {
    tellQueue(context, await client.put<QueueChanged>(queuePath(name), update), json);
  });
}

export function tellQueue({ screen }: CliContext, queue: QueueChanged, json: boolean): void {
  if (!queue.applied) screen.note(LATER);
  if (json) return screen.data(JSON.stringify(queue));
  if (!screen.out.isTerminal) return screen.data(tabSeparated([plainQueue(queue)]));
  const { bold, dim } = screen.out.colors;
  screen.data(`${queueWord(queue, screen.out.colors)}  ${bold(queue.name)}  ${dim(slotWords(queue))}`);
}
