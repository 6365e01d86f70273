import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ForeignRunner } from '../support/foreign-runner.js';
import { Dice } from './harness/dice.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Mishap } from './harness/network.js';
import type { Round } from './harness/round.js';
import { LONG_LEASE } from './harness/settings.js';
import { RUN } from './harness/system.js';
import { generate, perform, type Workload } from './harness/workload.js';

const EVENTS = 120;

faultRounds('fault 9: batches of events come twice, late and out of order, or are lost with their answers', {
  fault: 'events-meddled',
  file: import.meta.url,
  before: async (system) => system.replaceWorkers(async () => system.startWorker(LONG_LEASE)),
  after: async (system) => system.replaceWorkers(async () => system.startWorker()),
  async inject(round) {
    const workload = generate(round, { sessions: 2, sendsOfEach: 1, tasks: 1, steps: [20, 30], stepMs: 80 });
    round.system.network.mishapOf = mishaps(round.seed);
    await Promise.all([performThrough(round, workload), tellOutOfOrder(round)]);
    round.system.network.heal();
  },
});

/** The n-th request of a kind fares alike in each game of the same seed. */
function mishaps(seed: number): (method: string, path: string) => Mishap | undefined {
  const counts = new Map<string, number>();
  return (method, path) => {
    if (method === 'GET') return undefined;
    const kind = path.split('/').at(-1) ?? '';
    // A lease that cannot be renewed is another fault: its runner would rightly do the turn again.
    if (kind === 'lease') return undefined;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const dice = new Dice(seed * 8_191 + count * 131 + kind.length);
    const isEvents = kind === 'events';
    return {
      ...(dice.chance(0.3) && { delayMs: dice.between(20, 400) }),
      ...(dice.chance(isEvents ? 0.3 : 0.1) && { lose: dice.pick(['request', 'answer'] as const) }),
      ...(dice.chance(isEvents ? 0.4 : 0.1) && { againAfterMs: dice.between(30, 2_000) }),
    };
  };
}

/** What the agents printed is told once and in order. */
async function performThrough(round: Round, workload: Workload): Promise<void> {
  await perform(round, workload);
  for (const { steps, id } of workload.flat()) {
    const expected = Array.from({ length: steps }, (_, index) => `${id} step ${index + 1}\n`).join('');
    await untilTold(round, id, expected);
  }
}

async function untilTold(round: Round, operation: string, expected: string): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    const told = await round.system.query<{ text: string }>(
      `SELECT payload ->> 'text' AS text FROM run_events WHERE created_at >= $1 AND type = 'command_output'
       AND payload ->> 'text' LIKE $2 ORDER BY run_id, seq`,
      [round.beganAt, `${operation} step%`],
    );
    const text = told.map((event) => event.text).join('');
    if (text === expected) return;
    if (Date.now() > giveUpAt || text.length > expected.length) {
      assert.equal(text, expected);
      return;
    }
    await delay(100);
  }
}

/** A producer whose batches overtake each other, each sent up to three times at once. */
async function tellOutOfOrder(round: Round): Promise<void> {
  const { api, dice } = round;
  const { id } = await api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: round.name('out-of-order') });
  const runner = await ForeignRunner.claim(api, id, { leaseMs: 60_000 });
  const texts = Array.from({ length: EVENTS }, (_, index) => `event-${index + 1}`);
  const batches: number[][] = [];
  for (let from = 0; from < EVENTS;) {
    const size = dice.between(1, 12);
    batches.push([...texts.keys()].slice(from, from + size));
    from += size;
  }
  // A batch may hold what another one holds, too.
  const overlapping = batches.map((batch) => [...batch, ...(dice.chance(0.3) ? (batches[0] ?? []) : [])]);
  const sendings = dice.shuffled([...batches, ...overlapping, ...batches.filter(() => dice.chance(0.5))]);
  await Promise.all(
    sendings.map(async (batch) => {
      await delay(batch.length * 20);
      const numbers = [...new Set(batch)];
      const events = numbers.map((n) => ({ type: 'assistant_message', clientSeq: n + 1, payload: { text: texts[n] } }));
      const { items } = await runner.append(...events);
      const told = items.map((item: { payload: { text: string } }) => item.payload.text);
      assert.deepEqual(
        told,
        numbers.map((n) => texts[n]),
        'each is answered as it was written',
      );
    }),
  );
  round.acknowledged.push({ runId: id, texts });
  await runner.finishRun();
}
