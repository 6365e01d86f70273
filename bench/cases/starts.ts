import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bed } from '../bed.js';
import { startChild } from '../child.js';
import { compare, type Comparison, type Contender, type Effort, type Series } from '../rounds.js';

/** From the start of a process until it is ready: a worker, and the whole embedded stack, which also has to stop. */
export async function startCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const worker = await workerCase(bed, effort);
  return effort.quick ? [worker] : [worker, await stackCase(bed, effort)];
}

async function workerCase({ temporalAddress: address }: Bed, effort: Effort): Promise<Comparison> {
  const start = (name: string, from: string): Contender => {
    return async () => ({ [name]: [(await timed('start-worker', { address, from })).readyMs] });
  };
  const floor = 'load the SDK, connect';
  return compare({
    title: 'start of a worker',
    rounds: effort.quick ? 1 : 4,
    budgetMs: 2 * effort.budgetMs,
    warmUps: 0,
    floors: [floor],
    contenders: [start(floor, 'connect'), start('with the prebuilt bundle', 'bundle'), start('without it', 'sources')],
  });
}

/** The first start makes the databases, the second finds them. The programs themselves are in the cache already. */
async function stackCase({ folder }: Bed, effort: Effort): Promise<Comparison> {
  const start = (what: string): Contender => {
    return async () => {
      const dataDir = await mkdtemp(join(folder, 'start-'));
      const first = await timed('start-stack', { dataDir, what });
      const again = await timed('start-stack', { dataDir, what });
      await rm(dataDir, { recursive: true, force: true });
      return {
        [`${what}: first start`]: [first.readyMs],
        [`${what}: start over its data`]: [again.readyMs],
        [`${what}: stop`]: [first.stopMs, again.stopMs],
      };
    };
  };
  const comparison = await compare({
    title: 'start and stop of the embedded stack',
    rounds: 2,
    budgetMs: 2 * effort.budgetMs,
    warmUps: 0,
    floors: ['servers: first start', 'servers: start over its data', 'servers: stop'],
    contenders: [start('servers'), start('stack')],
  });
  return { ...comparison, series: comparison.series.map(comparedWithItsLike) };
}

/** A stop is compared with a stop, and a first start with a first start. */
function comparedWithItsLike(series: Series): Series {
  const what = (name: string) => name.split(': ')[1];
  return { ...series, ratios: series.ratios.filter(({ floor }) => what(floor) === what(series.name)) };
}

async function timed(program: string, options: object): Promise<{ readyMs: number; stopMs: number }> {
  const child = await startChild(program, options);
  const stoppingAt = performance.now();
  await child.stop();
  return { readyMs: child.readyMs, stopMs: performance.now() - stoppingAt };
}
