import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { faultRounds } from './harness/fault-rounds.js';
import { HeldRun } from './harness/held-run.js';
import { databaseDown, temporalDown, WAYS, type Outage, type Way } from './harness/outage.js';
import type { Round } from './harness/round.js';
import { DATABASE_OUTAGE_MS, LEASE_MS } from './harness/settings.js';
import { untilAtWork } from './harness/victims.js';
import { generate, perform } from './harness/workload.js';

/** Beyond it a caller does not know that it is not answered. */
const REFUSED_MS = 2_000;

interface OutageOf {
  readonly forMs: number;
  readonly outages: readonly Outage[];
  /** Events and renewals go on. */
  readonly takesEvents: boolean;
}

faultRounds('fault 4: Temporal is down for three leases', {
  fault: 'temporal-down',
  file: import.meta.url,
  timeoutMs: 180_000,
  inject: async (round) => liveThrough(round, { forMs: 3 * LEASE_MS, outages: [temporalDown], takesEvents: true }),
});

faultRounds(`fault 5: PostgreSQL is down for ${DATABASE_OUTAGE_MS / 1_000} s`, {
  fault: 'database-down',
  file: import.meta.url,
  timeoutMs: 180_000 + DATABASE_OUTAGE_MS,
  inject: async (round) =>
    liveThrough(round, { forMs: DATABASE_OUTAGE_MS, outages: [databaseDown], takesEvents: false }),
});

faultRounds(`fault 6: both are down for ${DATABASE_OUTAGE_MS / 1_000} s`, {
  fault: 'both-down',
  file: import.meta.url,
  timeoutMs: 180_000 + DATABASE_OUTAGE_MS,
  inject: async (round) =>
    liveThrough(round, { forMs: DATABASE_OUTAGE_MS, outages: [databaseDown, temporalDown], takesEvents: false }),
});

/** Agents work, one run is held from outside, and clients go on asking, while servers go away and come back. */
async function liveThrough(round: Round, { forMs, outages, takesEvents }: OutageOf): Promise<void> {
  const { dice, system } = round;
  const size = { sessions: 2, sendsOfEach: 2, tasks: 1, steps: [12, 18], mostBetweenMs: forMs } as const;
  const workload = generate(round, size);
  const ways = outages.map(() => dice.pick(WAYS));
  const order = dice.shuffled([...outages.keys()]);
  const afterMs = dice.between(0, 800);
  round.tell('plan', { ways, order, afterMs, forMs });
  const held = await HeldRun.begin(round, 'held');
  const performing = perform(round, workload);
  try {
    const before = await untilAtWork(round, 2);
    await delay(afterMs);
    const back = await Promise.all(outages.map(async (goAway, index) => goAway(system, ways[index] ?? 'killed')));
    round.tell('down');
    await watchOutage(round, held, { forMs, takesEvents, ways });
    for (const index of order) await back[index]?.();
    round.tell('up');
    const upAtMs = Date.now();
    await system.ready();
    round.figure('up to ready', Date.now() - upAtMs);
    await performing;
    round.figure('up to every request taken', Date.now() - upAtMs);
    await held.end();
    assert.deepEqual(held.refusals, [], 'no lease is lost for it');
    await assertSameAttempts(round, [...before.map(({ runId }) => runId), held.run.id]);
  } finally {
    await held.stop();
  }
}

/** What the API says meanwhile, and how soon. */
async function watchOutage(
  round: Round,
  held: HeldRun,
  { forMs, takesEvents }: { forMs: number; takesEvents: boolean; ways: readonly Way[] },
): Promise<void> {
  const toldBefore = held.told;
  let slowestMs = 0;
  for (const overAtMs = Date.now() + forMs; Date.now() < overAtMs;) {
    assert.equal((await round.api.request('GET', '/health/live')).status, 200);
    if (!takesEvents) {
      const askedAtMs = Date.now();
      const { status, body } = await round.api.request('GET', `/api/v1/runs/${held.run.id}`);
      slowestMs = Math.max(slowestMs, Date.now() - askedAtMs);
      assert.deepEqual([status, body.failureKind], [503, 'infra-failed']);
    }
    await delay(Math.min(300, Math.max(1, overAtMs - Date.now())));
  }
  if (takesEvents) assert.ok(held.told > toldBefore + 10, `only ${held.told - toldBefore} events were taken meanwhile`);
  else round.figure('slowest refusal', slowestMs);
  assert.ok(slowestMs < REFUSED_MS, `it took ${slowestMs} ms to say that nothing can be read`);
}

/** Nobody's lease was lost, and nobody's Job was made again. */
async function assertSameAttempts({ system }: Round, runIds: readonly string[]): Promise<void> {
  const lost = await system.query(
    `SELECT r.id, r.attempt, (SELECT count(*)::int FROM runner_jobs j WHERE j.run_id = r.id) AS jobs
     FROM runs r WHERE r.id = ANY ($1) AND (r.attempt > 1 OR (SELECT count(*) FROM runner_jobs j WHERE j.run_id = r.id) > 1)`,
    [runIds],
  );
  assert.deepEqual(lost, [], 'every run is in its first attempt');
}
