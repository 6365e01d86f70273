import type { Bed } from '../bed.js';
import { figuresOf } from '../process-figures.js';
import type { Comparison, Effort } from '../rounds.js';
import { appendCase } from './append.js';
import { renewCase } from './renew.js';

const BATCH = 50;

/** The two paths that do not go through Temporal, from one client to many; what the manager and PostgreSQL hold stands in the titles. */
export async function clientCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const done: Comparison[] = [];
  for (const clients of effort.quick ? [1, 16] : [1, 16, 64, 256]) {
    const runs = await bed.heldRuns(clients);
    done.push(withMemory(bed, await appendCase(bed, runs, BATCH, effort)));
    done.push(withMemory(bed, await renewCase(bed, runs, effort)));
  }
  return done;
}

/** Says in the title what the manager and PostgreSQL held afterwards. */
export function withMemory({ pids }: Bed, comparison: Comparison): Comparison {
  const [manager, postgres] = [pids.manager, pids.postgres].map((pid) => Math.round(figuresOf(pid).memoryMiB));
  return { ...comparison, title: `${comparison.title} · then manager ${manager} MiB, PostgreSQL ${postgres} MiB` };
}
