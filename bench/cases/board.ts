import type { Bed } from '../bed.js';
import { CopiedTasks } from '../copied-tasks.js';
import { compare, repeat, type Comparison, type Effort } from '../rounds.js';

const FLOOR = 'pg: the 50 newest rows';
const NEWEST = 'SELECT * FROM tasks WHERE opened_at IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT 50';
const TASKS = '/api/v1/queue/tasks';

/** What those who mind a queue ask for, with few tasks and with many; the same floor beside both. */
export async function boardCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const tasks = await CopiedTasks.open(bed);
  const done: Comparison[] = [];
  for (const count of [100, 10_000]) {
    await tasks.growTo(count);
    done.push(await boardCase(bed, count, effort));
  }
  return done;
}

async function boardCase({ api, bareDatabase, pids }: Bed, count: number, effort: Effort): Promise<Comparison> {
  const asks = (name: string, path: string) => repeat(name, 3, () => api.send('GET', path));
  const since = Date.now() - 600_000;
  return compare({
    title: `board of ${count} tasks · one after another`,
    rounds: effort.quick ? 3 : 20,
    budgetMs: 3 * effort.budgetMs,
    warmUps: effort.warmUps,
    floors: [FLOOR],
    spenders: { manager: [pids.manager], PostgreSQL: [pids.postgres] },
    contenders: [
      repeat(FLOOR, 3, () => bareDatabase.query(NEWEST)),
      asks('first page (50)', `${TASKS}?readerId=bench`),
      asks('of a queue', `${TASKS}?queue=bench-board-3&readerId=bench`),
      asks('failed', `${TASKS}?state=failed&readerId=bench`),
      asks('blocked (1 of 200)', `${TASKS}?state=blocked&readerId=bench`),
      asks('running (1 of 200)', `${TASKS}?state=running&readerId=bench`),
      asks('changed in the last ten minutes', `${TASKS}?updatedAfter=${since}&readerId=bench`),
      asks('stats', '/api/v1/queue/stats'),
      asks('stats of a queue', '/api/v1/queue/stats?queue=bench-board-3'),
      asks('commander, 1 of 100 unread', '/api/v1/queue/commander?readerId=bench'),
      asks('commander, nothing ever read', '/api/v1/queue/commander?readerId=nobody'),
      asks('queues', '/api/v1/queue/queues'),
      asks('runs, first page', '/api/v1/runs'),
    ],
  });
}
