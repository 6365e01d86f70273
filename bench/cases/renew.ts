import { httpSpenders, type Bed, type HeldRun } from '../bed.js';
import { compare, loop, type Comparison, type Effort } from '../rounds.js';

const FLOORS = ['bare pg UPDATE', 'node:http + UPDATE'];

/** The heartbeat, each client with its own run, against the update of one narrow row. */
export async function renewCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const done: Comparison[] = [];
  for (const clients of effort.quick ? [1, 16] : [1, 16, 64]) {
    done.push(await renewCase(bed, await bed.heldRuns(clients), effort));
  }
  return done;
}

export async function renewCase(bed: Bed, runs: readonly HeldRun[], effort: Effort): Promise<Comparison> {
  const clients = runs.length;
  const runOf = (worker: number) => runs[worker]!;
  const settings = { workers: clients, sliceMs: effort.sliceMs };
  const leaseMs = 3_600_000;
  return compare({
    title: `lease renewal · ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    rounds: effort.rounds,
    budgetMs: effort.budgetMs,
    warmUps: effort.warmUps,
    workers: clients,
    floors: FLOORS,
    spenders: httpSpenders(bed),
    contenders: [
      loop(FLOORS[0]!, settings, (worker) => bed.bareDatabase.renew(runOf(worker).id)),
      loop('LeaseStore adapter', settings, (worker) => {
        const { id, runnerId } = runOf(worker);
        return bed.postgres.leases.renew({ runId: id, runnerId, attempt: 1, leaseMs });
      }),
      loop(FLOORS[1]!, settings, (worker) => bed.bareHttp.send('PATCH', '/', { runId: runOf(worker).id })),
      loop('HTTP API', settings, (worker) => {
        const { id, runnerId, runner } = runOf(worker);
        return runner.send('PATCH', `/api/v1/runs/${id}/lease`, { runnerId, attempt: 1, leaseMs });
      }),
    ],
  });
}
