import type { Command } from 'commander';
import type { QueueStats } from '../../../contract/queue.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { spell } from '../../durations.js';
import { depthWords, queueWord, slotWords } from '../../queue-words.js';
import { table, tabSeparated } from '../../table.js';
import { queueName } from './options.js';

export function addQueueStats(queue: Command, context: CliContext): void {
  queue
    .command('stats')
    .argument('[name]', 'the queue; all of them together when absent', queueName)
    .description('show how deep a queue is, what its tasks wait for, and how fast it works')
    .option('--json', 'the numbers as JSON')
    .action((name: string | undefined, { json = false }: { json?: boolean }) =>
      reaching(context, async (client) => {
        const stats = await client.get<QueueStats>('/api/v1/queue/stats', { query: { queue: name } });
        const { screen } = context;
        if (json) screen.data(JSON.stringify(stats));
        else screen.data(screen.out.isTerminal ? pretty(context, stats) : tabSeparated(plainRows(stats)));
      }),
    );
}

function pretty({ screen: { out }, program }: CliContext, stats: QueueStats): string {
  const { bold, dim, cyan } = out.colors;
  const { settings, waiting, counts, longestSlotWaitMs, oldestPendingTaskId, throughput } = stats;
  const word = settings === null ? '' : `${queueWord(settings, out.colors)}  `;
  const forSlot =
    longestSlotWaitMs === null ? waiting.forSlot : `${waiting.forSlot}, the first for ${spell(longestSlotWaitMs)}`;
  const rows: [string, string | number][] = [
    ['waits to be dispatched', waiting.forDispatch],
    ['waits for its time', waiting.untilTime],
    ['waits for a slot', forSlot],
    ['waits to be tried again', waiting.toRetry],
    ['running', counts.running],
    ['needs you (blocked)', counts.blocked],
    ['failed', counts.failed],
    ['done', counts.completed],
    ['cancelled', counts.cancelled],
    ['ended in the last minute', throughput.endedLastMinute],
    ['ended in the last hour', throughput.endedLastHour],
  ];
  const oldest =
    oldestPendingTaskId === null
      ? []
      : ['', dim('next'), `  ${cyan(`${program} task show ${oldestPendingTaskId}`)}   the oldest that waits`];
  return [
    `${word}${bold(stats.queue ?? 'all queues')}  ${depthWords(stats)}`,
    ...(settings === null ? [] : [`  ${dim(slotWords(settings))}`]),
    '',
    table(rows.map(([name, value]) => [`  ${dim(name)}`, String(value)])),
    ...oldest,
  ].join('\n');
}

/** One number a line, by its name in the JSON. */
function plainRows(stats: QueueStats): [string, string | number | null][] {
  const { queue, counts, waiting, running, oldestPendingAgeMs, oldestPendingTaskId, longestSlotWaitMs } = stats;
  return [
    ['queue', queue],
    ...Object.entries(counts),
    ...Object.entries(waiting).map(([name, value]): [string, number] => [`waiting.${name}`, value]),
    ['slots.used', running],
    ['slots', stats.settings?.concurrency ?? null],
    ['oldestPendingAgeMs', oldestPendingAgeMs],
    ['oldestPendingTaskId', oldestPendingTaskId],
    ['longestSlotWaitMs', longestSlotWaitMs],
    ...Object.entries(stats.throughput),
  ];
}
