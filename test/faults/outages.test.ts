import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { faultRounds } from './harness/fault-rounds.js';
import { HeldRun } from './harness/held-run.js';
import { databaseDown, temporalDown, WAYS, type Outage, type Way } from './harness/outage.js';
import type { Round } from './harness/round.js';
import { DATABASE_OUTAGE_MS, LEASE_MS } from './harness/settings.js';
import { assertSameAttempts } from './harness/attempts.js';
import { untilAtWork } from './harness/victims.js';
import { readLedgers } from './checker/ledger.js';
import { generate, perform } from './harness/workload.js';

/** Beyond it a caller does not know that it is not answered. */
const REFUSED_MS = 2_000;
/** A Temporal that hangs is asked a second time whether it is there. */
const DECISION_REFUSED_MS = 5_000;

/** An answer about readiness may be so old. */
const SEEN_MS = 3_000;

interface OutageOf {
  readonly forMs: number;
  readonly outages: readonly Outage[];
  /** Events and renewals go on. */
  readonly takesEvents: boolean;
}

faultRounds('fault 4: Temporal is down for three leases', {
  fault: 'temporal-down',
  file: import.meta.url,
  inject: async (round) => liveThrough(round, { forMs: 3 * LEASE_MS, outages: [temporalDown], takesEvents: true }),
});

faultRounds(`fault 5: PostgreSQL is down for ${DATABASE_OUTAGE_MS / 1_000} s`, {
  fault: 'database-down',
  file: import.meta.url,
  timeoutMs: 300_000 + DATABASE_OUTAGE_MS,
  inject: async (round) =>
    liveThrough(round, { forMs: DATABASE_OUTAGE_MS, outages: [databaseDown], takesEvents: false }),
});

faultRounds(`fault 6: both are down for ${DATABASE_OUTAGE_MS / 1_000} s`, {
  fault: 'both-down',
  file: import.meta.url,
  timeoutMs: 300_000 + DATABASE_OUTAGE_MS,
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
    await awayFor(round, outages, { ways, order }, async () => watchOutage(round, held, { forMs, takesEvents }));
    round.tell('up');
    const upAtMs = Date.now();
    await system.ready();
    round.figure('up to ready', Date.now() - upAtMs);
    await performing;
    round.figure('up to every request taken', Date.now() - upAtMs);
    await held.end();
    assert.deepEqual(held.refusals, [], 'no lease is lost for it');
    await assertSameAttempts(round, [...before.map(({ runId }) => runId), held.run.id]);
    if (takesEvents) await assertBegunOnce(round);
  } finally {
    await held.stop();
  }
}

/** Also where it goes wrong they come back, for the next round. */
async function awayFor(
  round: Round,
  outages: readonly Outage[],
  { ways, order }: { ways: readonly Way[]; order: readonly number[] },
  meanwhile: () => Promise<void>,
): Promise<void> {
  const back = await Promise.all(outages.map(async (goAway, index) => goAway(round.system, ways[index] ?? 'killed')));
  try {
    round.tell('down');
    await meanwhile();
  } finally {
    for (const index of order) await back[index]?.();
  }
}

/** What the API says meanwhile, and how soon. */
async function watchOutage(
  round: Round,
  held: HeldRun,
  { forMs, takesEvents }: Pick<OutageOf, 'forMs' | 'takesEvents'>,
): Promise<void> {
  const toldBefore = held.told;
  let slowestMs = 0;
  for (const overAtMs = Date.now() + forMs; Date.now() < overAtMs;) {
    assert.equal((await round.api.request('GET', '/health/live')).status, 200);
    const { status: readiness } = await round.api.request('GET', '/health/readiness');
    if (Date.now() > overAtMs - forMs + SEEN_MS) assert.equal(readiness, 503);
    // What renews a lease must still be sent here.
    assert.equal((await round.api.request('GET', '/health/readiness?scope=process')).status, 200);
    if (takesEvents) await refusesDecisions(round, held);
    else {
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

/** Nothing is promised, and soon. */
async function refusesDecisions(round: Round, held: HeldRun): Promise<void> {
  const askedAtMs = Date.now();
  const path = `/api/v1/runs/${held.run.id}/commands`;
  const { status, body } = await round.api.request('POST', path, { payload: { prompt: 'true' } });
  assert.deepEqual([status, body.failureKind], [503, 'infra-failed']);
  round.figure('refusal of a decision', Date.now() - askedAtMs);
  assert.ok(Date.now() - askedAtMs < DECISION_REFUSED_MS, `it took ${Date.now() - askedAtMs} ms to say so`);
}

/** Agents worked on meanwhile. */
async function assertBegunOnce(round: Round): Promise<void> {
  const begun = (await readLedgers(round)).filter(({ what }) => what === 'begin').map(({ operation }) => operation);
  assert.deepEqual(begun, [...new Set(begun)], 'no turn was done twice');
}
