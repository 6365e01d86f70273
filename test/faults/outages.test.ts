import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { faultRounds } from './harness/fault-rounds.js';
import { HeldRun } from './harness/held-run.js';
import { databaseDown, temporalDown, WAYS, type Outage, type Way } from './harness/outage.js';
import type { Round } from './harness/round.js';
import { DATABASE_OUTAGE_MS, LEASE_MS, within } from './harness/settings.js';
import { stoodStillMs } from './harness/stood-still.js';
import { assertFirstAttempts, assertSameAttempts, liveAttempts } from './harness/attempts.js';
import { untilAtWork } from './harness/victims.js';
import { untilQuiet } from './checker/check-leftovers.js';
import { readLedgers } from './checker/ledger.js';
import { generate, perform } from './harness/workload.js';

/** Beyond it a caller does not know that it is not answered. What is taken is taken sooner, too: renewals have no more time. */
const REFUSED_MS = within(2_000, 6_000);
/** What is under way as PostgreSQL freezes is given up after 1.75 s, and then told by a busy machine. */
const PUT_OFF_MS = REFUSED_MS + 500;
/** A Temporal that hangs is asked a second time whether it is there. */
const DECISION_REFUSED_MS = within(5_000, 9_000);

/** An answer about readiness may be so old. */
const SEEN_MS = within(3_000, 5_000);

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
    // On a busy machine they begin so far apart that no two are at work at once.
    await untilAtWork(round, 1);
    await delay(afterMs);
    const before = await liveAttempts(round);
    await awayFor(round, outages, { ways, order }, async () => watchOutage(round, held, { forMs, takesEvents }));
    round.tell('up');
    const upAtMs = Date.now();
    await system.ready();
    round.figure('up to ready', Date.now() - upAtMs);
    await performing;
    round.figure('up to every request taken', Date.now() - upAtMs);
    await held.end();
    assert.deepEqual(held.refusals, [], 'no lease is lost for it');
    await assertSameAttempts(round, before);
    if (takesEvents) await assertNothingNoticed(round, held);
    else assertPutOffSoon(round, held);
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
  for (const overAtMs = Date.now() + forMs; Date.now() < overAtMs;) {
    assert.equal((await round.api.request('GET', '/health/live')).status, 200);
    const { status: readiness } = await round.api.request('GET', '/health/readiness');
    if (Date.now() > overAtMs - forMs + SEEN_MS) assert.equal(readiness, 503);
    // What renews a lease must still be sent here.
    assert.equal((await round.api.request('GET', '/health/readiness?scope=process')).status, 200);
    await refuses(
      round,
      takesEvents ? DECISION_REFUSED_MS : REFUSED_MS,
      'POST',
      `/api/v1/runs/${held.run.id}/commands`,
    );
    if (!takesEvents) await refuses(round, REFUSED_MS, 'GET', `/api/v1/runs/${held.run.id}`);
    await delay(Math.min(300, Math.max(1, overAtMs - Date.now())));
  }
  if (takesEvents) assert.ok(held.told > toldBefore, 'events are taken meanwhile');
}

/** Nothing is promised, and soon. */
async function refuses(round: Round, withinMs: number, method: 'GET' | 'POST', path: string): Promise<void> {
  const askedAtMs = Date.now();
  const body = method === 'POST' ? { payload: { prompt: 'true' } } : undefined;
  const answer = await round.api.request(method, path, body);
  const tookMs = Date.now() - askedAtMs - stoodStillMs(askedAtMs);
  assert.deepEqual([answer.status, answer.body.failureKind], [503, 'infra-failed']);
  round.figure(`refusal of a ${method}`, tookMs);
  assert.ok(tookMs < withinMs, `it took ${tookMs} ms to refuse a ${method}`);
}

/** Each event and each renewal was taken, soon, the first time that it was sent; agents worked on to their ends, and nobody was replaced. */
async function assertNothingNoticed(round: Round, { putOffWhileAwake, slowestTakenMs }: HeldRun): Promise<void> {
  round.figure('slowest event or renewal that was taken', slowestTakenMs);
  assert.deepEqual(putOffWhileAwake, [], 'every event and every renewal is taken');
  assert.ok(slowestTakenMs < REFUSED_MS, `an event or a renewal took ${slowestTakenMs} ms`);
  await untilQuiet(round);
  await assertFirstAttempts(round);
  await assertBegunOnce(round);
}

/** Events and renewals, too, are told to come again, and not kept waiting. */
function assertPutOffSoon(round: Round, { putOff }: HeldRun): void {
  const slowestMs = Math.max(...putOff.map(({ tookMs }) => tookMs));
  round.figure('slowest refusal of an event or renewal', slowestMs);
  assert.deepEqual(
    putOff.filter(({ status, tookMs }) => status !== 503 || tookMs >= PUT_OFF_MS),
    [],
    'each event and each renewal is put off by 503, soon',
  );
}

/** But where a busy machine put a lease in doubt: then its runner says that it does the turn again. */
async function assertBegunOnce(round: Round): Promise<void> {
  const again = await round.system.query<{ operation: string }>(
    `SELECT split_part(c.payload ->> 'prompt', ' ', 3) AS operation FROM run_events e JOIN commands c ON c.id = e.payload ->> 'commandId'
     WHERE e.created_at >= $1 AND e.payload ->> 'phase' = 'turn/again'`,
    [round.beganAt],
  );
  round.figure('turns begun again by a doubt', again.length);
  const begun = (await readLedgers(round)).filter(({ what }) => what === 'begin');
  const tooOften = begun.filter(({ operation }) => timesOf(begun, operation) > 1 + timesOf(again, operation));
  assert.deepEqual(tooOften, [], 'no turn was done twice');
}

function timesOf(lines: readonly { readonly operation: string }[], operation: string): number {
  return lines.filter((line) => line.operation === operation).length;
}
