import type { Bed, HeldRun } from '../bed.js';
import { compare, loop, type Comparison, type Effort } from '../rounds.js';
import { events } from './append.js';

/** How many events a run has. The first is what the others are divided by. */
const STORED = [1_000, 10_000, 100_000];
const BATCH = 500;

type Path = readonly [name: string, of: (bed: Bed, run: HeldRun) => Promise<unknown>];

/** What is asked of a run all the time. An agent that tells neither tokens nor messages has none that could be found early. */
const PATHS: readonly Path[] = [
  [
    'the first 100 events, over HTTP',
    async (_, { id, runner }) => runner.send('GET', `/api/v1/runs/${id}/events?limit=100`),
  ],
  ['the last 100 events', async ({ postgres }, { id }) => postgres.events.tail({ runId: id, limit: 100 })],
  [
    'what came after the last event read',
    async ({ postgres }, { id }) => {
      const { seq } = await postgres.events.last(id);
      return postgres.events.page({ runId: id, afterSeq: seq - 10, limit: 100 });
    },
  ],
  [
    'the last events of a command without any',
    async ({ postgres }, { id }) => postgres.events.tail({ runId: id, limit: 100, commandId: 'cmd_none0000000' }),
  ],
  ['the run, over HTTP', async (_, { id, runner }) => runner.send('GET', `/api/v1/runs/${id}`)],
  ['its result, over HTTP', async ({ api }, { id }) => api.send('GET', `/api/v1/runs/${id}/result`)],
  ['its explanation, over HTTP', async ({ api }, { id }) => api.send('GET', `/api/v1/runs/${id}/explain`)],
  // Last: it makes the runs longer.
  [
    'append 50 events, over HTTP',
    async (bed, { id, runner }) => runner.send('POST', `/api/v1/runs/${id}/events`, { events: events(50, id) }),
  ],
];

/** Whether anything costs more in a run that has many events. */
export async function growthCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const runs = await bed.heldRuns(STORED.length);
  await Promise.all(runs.map(async (run, index) => fill(bed, run, STORED[index] ?? 0)));
  // As autovacuum does within a minute.
  await bed.bareDatabase.analyze('run_events');
  const done: Comparison[] = [];
  for (const path of PATHS) done.push(await growthCase(bed, runs, path, effort));
  return done;
}

async function fill({ postgres }: Bed, { id, runnerId }: HeldRun, count: number): Promise<void> {
  for (let stored = 0; stored < count; stored += BATCH) {
    const request = {
      runId: id,
      fence: { attempt: 1, runnerId },
      producer: 'growth',
      events: events(BATCH, `${id} stored`),
    };
    await postgres.events.append(request);
  }
}

async function growthCase(bed: Bed, runs: readonly HeldRun[], [name, of]: Path, effort: Effort): Promise<Comparison> {
  const named = (count: number) => `${count.toLocaleString('en')} stored`;
  const settings = { workers: 1, sliceMs: effort.sliceMs };
  return compare({
    title: `growth · ${name}`,
    rounds: effort.rounds,
    budgetMs: effort.budgetMs / 2,
    warmUps: effort.warmUps,
    floors: [named(STORED[0] ?? 0)],
    contenders: runs.map((run, index) => loop(named(STORED[index] ?? 0), settings, async () => of(bed, run))),
  });
}
