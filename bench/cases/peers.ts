import { makeWorkerUtils } from 'graphile-worker';
import { join } from 'node:path';
import PgBoss from 'pg-boss';
import { eventually } from '../../test/support/eventually.js';
import { Begun } from '../begun.js';
import type { Bed } from '../bed.js';
import { startChild } from '../child.js';
import { compare, type Comparison, type Contender, type Effort, type Series } from '../rounds.js';

/** As many slots, callbacks and jobs of a batch. */
const AT_ONCE = 10;
const BURST = 50;
const FLOOR = 'graphile-worker';
const DONE = ', all done';
let numbered = 0;

/** A queue of which it is asked when what it was given begins, and when it is done. */
interface Peer {
  readonly name: string;
  add(job: string): Promise<unknown>;
  /** Resolves when all that was added is done; at its begin where the work is only that. */
  done(): Promise<unknown>;
}

/** From giving work to a queue until the work begins, against queues that are a table and a callback. */
export async function peerCases(bed: Bed, effort: Effort): Promise<Comparison[]> {
  const begun = await Begun.open(bed.folder);
  const { databaseUrl } = bed;
  const workers = await startChild('peers', { databaseUrl, folder: begun.folder, atOnce: AT_ONCE });
  const graphile = await makeWorkerUtils({ connectionString: databaseUrl });
  const boss = new PgBoss({ connectionString: databaseUrl, supervise: false, schedule: false, migrate: false });
  boss.on('error', () => undefined);
  await boss.start();
  const done = async () => undefined;
  const peers: Peer[] = [
    { name: FLOOR, add: (name) => graphile.addJob('begin', { name }), done },
    { name: 'pg-boss', add: (name) => boss.send('begin', { name }), done },
    await tasks(bed, begun),
  ];
  const pids = {
    server: [workers.pid, bed.pids.manager],
    PostgreSQL: [bed.pids.postgres],
    Temporal: [bed.pids.temporal],
  };
  try {
    const [single, burst] = [
      await measure(peers, begun, pids, { count: 1, rounds: effort.quick ? 3 : 12 }),
      await measure(peers, begun, pids, { count: BURST, rounds: effort.quick ? 1 : 3 }),
    ];
    return [...single, ...burst];
  } finally {
    begun.close();
    await graphile.release();
    await boss.stop({ graceful: false, wait: false });
    await workers.stop();
  }
}

/** The product: a durable task, a run for it, and a process that claims the run and works. */
async function tasks({ api, bareDatabase }: Bed, begun: Begun): Promise<Peer> {
  const queue = `bench-peers-${process.pid}`;
  await api.send('PUT', `/api/v1/queue/queues/${queue}`, { concurrency: AT_ONCE });
  const of = { tenantId: 'bench', projectId: 'bench', backendProfile: 'exec', queue, autoDispatch: true };
  const open = `SELECT FROM tasks WHERE queue = $1 AND state <> 'completed'`;
  return {
    name: 'task, until its agent works',
    add: (name) =>
      api.insist('POST', '/api/v1/queue/tasks', {
        ...of,
        prompt: `: > ${join(begun.folder, name)}`,
        idempotencyKey: name,
      }),
    done: () => eventually('the end of all tasks', async () => !(await bareDatabase.finds(open, [queue])), 300_000),
  };
}

interface Burst {
  readonly count: number;
  readonly rounds: number;
}

async function measure(
  peers: readonly Peer[],
  begun: Begun,
  spenders: Readonly<Record<string, readonly number[]>>,
  { count, rounds }: Burst,
): Promise<Comparison[]> {
  const comparison = await compare({
    title:
      count === 1
        ? 'work given to a queue, until it begins · one after another'
        : `${count} at once, until each begins`,
    rounds,
    budgetMs: 300_000,
    warmUps: 1,
    workers: count,
    floors: [FLOOR, FLOOR + DONE],
    spenders,
    contenders: peers.map((peer) => burstOf(peer, begun, count)),
  });
  return count === 1 ? [only(comparison, false)] : [only(comparison, false), only(comparison, true)];
}

function burstOf(peer: Peer, begun: Begun, count: number): Contender {
  return async () => {
    const startedAt = performance.now();
    const times = await Promise.all(
      Array.from({ length: count }, async () => {
        const job = `job-${(numbered += 1)}`;
        const begins = begun.until(job);
        await peer.add(job);
        await begins;
        return performance.now() - startedAt;
      }),
    );
    await peer.done();
    return { [peer.name]: times, [peer.name + DONE]: [performance.now() - startedAt] };
  };
}

/** Beginnings and ends of the same turns are two tables. */
function only(comparison: Comparison, ends: boolean): Comparison {
  const isWanted = ({ name }: Series) => name.endsWith(DONE) === ends;
  const series = comparison.series.filter(isWanted).map((one) => ({
    ...one,
    ratios: one.ratios.filter(({ floor }) => floor.endsWith(DONE) === ends),
  }));
  return { ...comparison, title: ends ? `${BURST} at once, until all are done` : comparison.title, series };
}
