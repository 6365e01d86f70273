import type { Command } from 'commander';
import { board } from '../board/board.js';
import { BoardSource } from '../board/board-source.js';
import { rowsOf } from '../board/board-rows.js';
import type { BoardData } from '../board/board-state.js';
import { snapshotText } from '../board/snapshot-text.js';
import { reaching } from '../connect.js';
import type { CliContext } from '../context.js';
import { queueName } from './queue/options.js';
import { addReaderOption } from './session/options.js';

interface BoardOptions {
  readonly queue?: string;
  readonly reader?: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

export function addBoardCommand(program: Command, context: CliContext): void {
  addReaderOption(program.command('board'))
    .description('watch what needs you, runs and waits, and act on it; without a terminal it is printed once')
    .option('--queue <name>', 'only of this queue', queueName)
    .option('--once', 'print it once, also in a terminal')
    .option('--json', 'once, as JSON')
    .action((options: BoardOptions) => open(context, options));
}

async function open(context: CliContext, { queue, reader: readerId, once, json }: BoardOptions): Promise<void> {
  const { stdin: input, stdout: output } = process;
  const isLive = input.isTTY && output.isTTY && !once && !json;
  await reaching(context, async (client) => {
    const query = { client, queue: queue ?? null, readerId };
    const source = new BoardSource(query);
    // Asked before the screen is taken, so that a refusal is told as any other.
    const data = await source.ask();
    const { screen } = context;
    if (isLive) await board({ ...query, context, input, output, source, data });
    else screen.data(json ? JSON.stringify(asJson(data, query.queue)) : snapshotText(data, query.queue, screen.out));
  });
}

/** The groups in their order, each task whole. */
function asJson({ atMs, stats, totals, queues, tasks }: BoardData, queue: string | null) {
  const { attentionCount, unreadCount, activeSessionCount } = totals;
  return {
    asOf: new Date(atMs).toISOString(),
    queue,
    stats,
    queues,
    attentionCount,
    unreadCount,
    activeSessionCount,
    items: rowsOf(tasks).map(({ group, task }) => ({ group, task })),
    valuesPrinted: false,
  };
}
