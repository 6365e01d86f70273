import type { NewEvent } from '../../src/ports/event-store.js';
import { httpSpenders, type Bed, type HeldRun } from '../bed.js';
import { compare, loop, type Comparison, type Effort } from '../rounds.js';

const FLOORS = ['raw pg insert', 'node:http + insert'];

/** An agent's line of output, as large as they usually are. */
const TEXT = 'src/http/app.ts(31,7): the quick brown fox jumps over the lazy dog and says what it found there. '.repeat(
  2,
);

/** Events into the log, each writer into its own run: by our adapter and through the API, against the same rows in a plain table. */
export async function appendCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const batches = effort.quick ? [1, 50] : [1, 50, 500];
  const done: Comparison[] = [];
  for (const writers of [1, 16]) {
    const runs = await bed.heldRuns(writers);
    for (const batch of batches) done.push(await appendCase(bed, runs, batch, effort));
  }
  return done;
}

export async function appendCase(
  bed: Bed,
  runs: readonly HeldRun[],
  batch: number,
  effort: Effort,
): Promise<Comparison> {
  const workers = runs.length;
  const ofWriter = (worker: number) => runs[worker]!;
  const settings = { workers, sliceMs: effort.sliceMs };
  return compare({
    title: `event append · batches of ${batch} · ${workers} ${workers === 1 ? 'writer' : 'writers'}`,
    rounds: effort.rounds,
    budgetMs: effort.budgetMs,
    warmUps: effort.warmUps,
    workers,
    floors: FLOORS,
    spenders: httpSpenders(bed),
    contenders: [
      loop(FLOORS[0]!, settings, (worker) => bed.bareDatabase.insert(ofWriter(worker).id, events(batch, FLOORS[0]))),
      loop('EventStore adapter', settings, (worker) => appendByAdapter(bed, ofWriter(worker), batch)),
      loop(FLOORS[1]!, settings, (worker) =>
        bed.bareHttp.send('POST', '/', { runId: ofWriter(worker).id, events: events(batch, FLOORS[1]) }),
      ),
      loop('HTTP API', settings, (worker) => appendByHttp(ofWriter(worker), batch)),
    ],
  });
}

async function appendByAdapter(bed: Bed, { id, runnerId }: HeldRun, batch: number): Promise<unknown> {
  const fence = { attempt: 1, runnerId };
  return bed.postgres.events.append({ runId: id, fence, producer: 'bench', events: events(batch, `adapter ${id}`) });
}

async function appendByHttp({ id, runner }: HeldRun, batch: number): Promise<unknown> {
  return runner.send('POST', `/api/v1/runs/${id}/events`, { events: events(batch, `http ${id}`) });
}

const numbered = new Map<string, number>();

/** New ones each time, numbered as a writer numbers its own: one after another, from 1. */
export function events(count: number, writer = 'one'): NewEvent[] {
  const last = numbered.get(writer) ?? 0;
  numbered.set(writer, last + count);
  return Array.from({ length: count }, (_, index) => ({
    type: 'command_output',
    payload: { text: TEXT, commandId: 'cmd_0123456789abcdef', stream: 'stdout' },
    clientSeq: last + index + 1,
  }));
}
