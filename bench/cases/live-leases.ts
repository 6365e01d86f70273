import { setTimeout as delay } from 'node:timers/promises';
import { httpSpenders, type Bed } from '../bed.js';
import { CopiedTasks, copiedRunId } from '../copied-tasks.js';
import { compare, repeat, type Comparison, type Contender, type Effort } from '../rounds.js';

/** One renewal a minute of each of 10,000. */
const PER_SECOND = 167;
const RENEWING_MS = 6_000;
const SCAN_LIMIT = 500;
const FLOOR = 'pg: SELECT 1';

/** What many live leases cost those who look at all of them, and what it takes to keep them. */
export async function liveLeaseCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const tasks = await CopiedTasks.open(bed, `'running'`);
  const done: Comparison[] = [];
  for (const count of [100, 10_000]) {
    await tasks.growTo(count);
    done.push(await looks(bed, count, effort));
    done.push(await renewals(bed, count, effort), await rest(bed, count, effort));
  }
  return done;
}

/** Each is asked once or twice a second, by one watcher, or at each scrape of the metrics. */
async function looks({ postgres, bareDatabase, pids }: Bed, count: number, effort: Effort): Promise<Comparison> {
  return compare({
    title: `the watchers' statements over ${count} live leases, none of them over`,
    rounds: effort.quick ? 3 : 20,
    budgetMs: effort.budgetMs,
    warmUps: effort.warmUps,
    floors: [FLOOR],
    spenders: { PostgreSQL: [pids.postgres] },
    contenders: [
      repeat(FLOOR, 5, () => bareDatabase.query('SELECT 1')),
      repeat('leases that are over (each 0.5 s)', 5, () => postgres.leases.listExpired(SCAN_LIMIT)),
      repeat('budgets of running tasks (each 1 s)', 5, () => postgres.budgets.listRunning()),
      repeat('figures of the fleet (each scrape)', 5, () => postgres.fleet.read()),
      repeat('beat (each 1 s)', 5, () => postgres.leases.beat(3_000)),
    ],
  });
}

async function renewals(bed: Bed, count: number, effort: Effort): Promise<Comparison> {
  const ids = Array.from({ length: count }, (_, index) => copiedRunId(index + 1));
  await bed.bareDatabase.prepare(ids);
  const bare = 'node:http + UPDATE';
  const renew = (index: number) => {
    const body = { runnerId: `rnr_bench${index + 1}`, attempt: 1, leaseMs: 3_600_000 };
    return bed.api.insist('PATCH', `/api/v1/runs/${ids[index]}/lease`, body);
  };
  return compare({
    title: `${PER_SECOND} renewals a second of ${count} live leases`,
    rounds: effort.quick ? 1 : 3,
    budgetMs: 6 * effort.budgetMs,
    warmUps: 0,
    paced: PER_SECOND,
    floors: [bare],
    spenders: httpSpenders(bed),
    contenders: [
      paced(bare, count, (index) => bed.bareHttp.send('PATCH', '/', { runId: ids[index] })),
      paced('HTTP API', count, renew),
    ],
  });
}

/** What all processes take by themselves meanwhile: the watchers' looks are in it. */
async function rest(bed: Bed, count: number, effort: Effort): Promise<Comparison> {
  return compare({
    title: `${count} live leases that nobody renews`,
    rounds: effort.quick ? 1 : 3,
    budgetMs: effort.budgetMs,
    warmUps: 0,
    floors: [],
    spenders: httpSpenders(bed),
    contenders: [repeat(`${RENEWING_MS / 1_000} s`, 1, () => delay(RENEWING_MS))],
  });
}

/** By a clock, each lease in its turn. */
function paced(name: string, count: number, renew: (index: number) => Promise<unknown>): Contender {
  const renewals = Math.round((PER_SECOND * RENEWING_MS) / 1_000);
  const one = async (number: number) => {
    await delay((number * 1_000) / PER_SECOND);
    const startedAt = performance.now();
    await renew((number * 61) % count);
    return performance.now() - startedAt;
  };
  return async () => ({ [name]: await Promise.all(Array.from({ length: renewals }, (_, number) => one(number))) });
}
