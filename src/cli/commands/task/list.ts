import { Option, type Command } from 'commander';
import type { HttpClient } from '../../../client/http-client.js';
import type { TaskSummary } from '../../../contract/task.js';
import { TASK_STATES } from '../../../domain/task-lifecycle.js';
import { reaching } from '../../connect.js';
import type { CliContext } from '../../context.js';
import { shortAge } from '../../durations.js';
import type { Output } from '../../output.js';
import { roomBeside, table, tabSeparated } from '../../table.js';
import { taskName, taskWhy, taskWord, tries } from '../../task-words.js';
import { fitTo, textWidth } from '../../terminal/text-width.js';
import { count } from '../run/options.js';
import { addReaderOption } from '../session/options.js';
import { TASKS_PATH } from './options.js';

interface ListOptions {
  readonly queue?: string;
  readonly state?: string;
  readonly reader?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const LARGEST_PAGE = 500;
/** However narrow the terminal is, so much is said of what a task is and why it is there. */
const SHORTEST_TEXT = 24;

export function addTaskList(task: Command, context: CliContext): void {
  addReaderOption(task.command('list'))
    .description('list tasks, newest first')
    .option('--queue <name>', 'only of this queue')
    .addOption(new Option('--state <word>', 'only in this state').choices(TASK_STATES))
    .option('--limit <n>', 'how many at most', count, 20)
    .option('--json', 'the tasks as JSON')
    .action((options: ListOptions) =>
      reaching(context, async (client) => {
        const tasks = await listTasks(client, options);
        const { screen } = context;
        if (options.json) screen.data(JSON.stringify(tasks));
        else if (tasks.length === 0) screen.hint('no tasks');
        else screen.data(screen.out.isTerminal ? asTable(tasks, screen.out) : tabSeparated(tasks.map(plainRow)));
      }),
    );
}

async function listTasks(client: HttpClient, options: ListOptions): Promise<TaskSummary[]> {
  const { queue, state, limit, reader: readerId } = options;
  const tasks: TaskSummary[] = [];
  let cursor: string | undefined;
  do {
    const query = { queue, state, readerId, cursor, limit: Math.min(limit - tasks.length, LARGEST_PAGE) };
    const page = await client.get<{ items: TaskSummary[]; nextCursor?: string }>(TASKS_PATH, { query });
    tasks.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && tasks.length < limit);
  return tasks;
}

/** One line a task; the last column has the room that the terminal has left. */
function asTable(tasks: readonly TaskSummary[], out: Output): string {
  const { dim } = out.colors;
  const isOfOne = new Set(tasks.map(({ queue }) => queue)).size === 1;
  const now = Date.now();
  const header = ['STATE', 'TASK', ...(isOfOne ? [] : ['QUEUE']), 'TRY', 'AGE'].map((name) => dim(name));
  const rows = tasks.map((task) => [
    taskWord(task, out.colors),
    task.id,
    ...(isOfOne ? [] : [task.queue]),
    tries(task),
    shortAge(now - Date.parse(task.createdAt)),
  ]);
  const room = Math.max(SHORTEST_TEXT, roomBeside([header, ...rows], out.width));
  return table([header, ...rows.map((row, index) => [...row, textOf(tasks[index] as TaskSummary, now, room, dim)])]);
}

function textOf(task: TaskSummary, nowMs: number, room: number, dim: (text: string) => string): string {
  const why = taskWhy(task, nowMs);
  const name = fitTo(taskName(task), room);
  const rest = room - textWidth(name) - 2;
  return why === '' || rest < 6 ? name : `${name}  ${dim(fitTo(why, rest))}`;
}

function plainRow(task: TaskSummary): (string | number | null)[] {
  const { id, state, phase, attentionState, unread, queue, tenantId, projectId, backendProfile, priority } = task;
  const { latestAttempt: attempt, createdAt, updatedAt, finishedAt, failureKind, title } = task;
  const stands = [state, phase, attentionState, unread ? 'unread' : 'read'];
  const place = [queue, tenantId, projectId, backendProfile, priority];
  const work = [attempt?.attempt ?? 0, attempt?.runId ?? null, failureKind];
  return [id, ...stands, ...place, ...work, createdAt, updatedAt, finishedAt, title];
}
