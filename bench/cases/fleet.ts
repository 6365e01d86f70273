import { setTimeout as delay } from 'node:timers/promises';
import type { Bed, HeldRun } from '../bed.js';
import { figuresOf, type ProcessFigures } from '../process-figures.js';

type Part = 'manager' | 'postgres' | 'temporal';
type Figures = Readonly<Record<Part, ProcessFigures>>;

/** What live runs cost those who hold them: nothing of it depends on how fast the machine is, but for the CPU time. */
export interface Fleet {
  /** After so many runs were claimed. */
  readonly steps: readonly { readonly runs: number; readonly memoryMiB: Readonly<Record<Part, number>> }[];
  /** While each run's lease is renewed once in `everyMs`: of one second, what it took. */
  readonly renewals: {
    readonly everyMs: number;
    readonly perSecond: number;
    readonly seconds: number;
    readonly cpuMsPerSecond: Readonly<Record<Part, number>>;
  };
  /** What one run's whole opening (create, claim) took of CPU time. */
  readonly cpuMsPerOpening: Readonly<Record<Part, number>>;
}

/** A runner renews each third of the lease that it asks for. */
const RENEW_EVERY_MS = 60_000;
const RENEWING_MS = 30_000;
const STEPS = 5;

/** Claims so many runs that nobody ends, and renews their leases as runners do. */
export async function fleetCase(bed: Bed, runs: number): Promise<Fleet> {
  const before = figures(bed);
  const steps = [{ runs: 0, memoryMiB: memory(before) }];
  let held: HeldRun[] = [];
  for (let step = 1; step <= STEPS; step += 1) {
    held = await bed.heldRuns(Math.round((runs * step) / STEPS));
    steps.push({ runs: held.length, memoryMiB: memory(figures(bed)) });
  }
  const opened = figures(bed);
  await renewAll(held);
  const renewed = figures(bed);
  const seconds = RENEWING_MS / 1_000;
  return {
    steps,
    renewals: {
      everyMs: RENEW_EVERY_MS,
      perSecond: (runs * 1_000) / RENEW_EVERY_MS,
      seconds,
      cpuMsPerSecond: cpu(opened, renewed, seconds),
    },
    cpuMsPerOpening: cpu(before, opened, runs),
  };
}

/** Spread evenly, as those of many runners are. */
async function renewAll(held: readonly HeldRun[]): Promise<void> {
  const startedAt = performance.now();
  const due = held.slice(0, Math.round((held.length * RENEWING_MS) / RENEW_EVERY_MS));
  await Promise.all(
    due.map(async ({ id, runnerId, runner }, index) => {
      await delay((index * RENEWING_MS) / due.length);
      await runner.send('PATCH', `/api/v1/runs/${id}/lease`, { runnerId, attempt: 1, leaseMs: 3_600_000 });
    }),
  );
  await delay(Math.max(0, RENEWING_MS - (performance.now() - startedAt)));
}

function figures({ pids }: Bed): Figures {
  return { manager: figuresOf(pids.manager), postgres: figuresOf(pids.postgres), temporal: figuresOf(pids.temporal) };
}

function memory(all: Figures): Record<Part, number> {
  return each((part) => all[part].memoryMiB);
}

function cpu(from: Figures, to: Figures, by: number): Record<Part, number> {
  return each((part) => (to[part].cpuMs - from[part].cpuMs) / by);
}

function each(of: (part: Part) => number): Record<Part, number> {
  return { manager: of('manager'), postgres: of('postgres'), temporal: of('temporal') };
}
