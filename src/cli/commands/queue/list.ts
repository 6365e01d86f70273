import type { Command } from 'commander';
import type { QueueRecord } from '../../../contract/queue.js';
import { allPages } from '../../all-pages.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import type { Output } from '../../output.js';
import { plainQueue, queueWord } from '../../queue-words.js';
import { table, tabSeparated } from '../../table.js';
import { QUEUES_PATH } from './options.js';

export function addQueueList(queue: Command, context: CliContext): void {
  queue
    .command('list')
    .description('list the queues and their settings')
    .option('--json', 'the queues as JSON')
    .action(({ json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const queues = await allPages<QueueRecord>(client, QUEUES_PATH);
        const { screen } = context;
        if (json) screen.data(JSON.stringify(queues));
        else if (queues.length === 0) screen.hint('no queues: the first task makes one');
        else screen.data(screen.out.isTerminal ? asTable(queues, screen.out) : tabSeparated(queues.map(plainQueue)));
      }),
    );
}

function asTable(queues: readonly QueueRecord[], { colors }: Output): string {
  const header = ['QUEUE', 'STATE', 'SLOTS', 'MAY WAIT', 'DISPATCH', 'WEIGHTS'].map((name) => colors.dim(name));
  const rows = queues.map((queue) => {
    const [name, , slots, maxPending, dispatch, weights] = plainQueue(queue).map((value) => String(value ?? ''));
    return [name ?? '', queueWord(queue, colors), slots ?? '', maxPending ?? '', dispatch ?? '', weights ?? ''];
  });
  return table([header, ...rows]);
}
