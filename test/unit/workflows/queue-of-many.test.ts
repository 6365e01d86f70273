import assert from 'node:assert/strict';
import { QUEUE_LIMITS } from '../../../src/domain/task-lifecycle.js';
import type { SlotRecords, SlotSettings, SlotWanted } from '../../../src/domain/task-messages.js';
import { firstInOrder } from '../../../workflows/queue/first-in-order.js';
import { QueueState } from '../../../workflows/queue/queue-state.js';

const MANY = QUEUE_LIMITS.maxPending;
const PAYLOAD_BYTES = 2 * 1_024 * 1_024;
const LONGEST = 128;

const settings = (more: Partial<SlotSettings> = {}): SlotSettings => ({
  concurrency: 10,
  paused: false,
  weights: {},
  ...more,
});

const taskId = (n: number) => `task_${String(n).padStart(32, '0')}`;
const tenant = (n: number) => `tenant-${n}-`.padEnd(LONGEST, 'x');
const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

/** `MANY` tasks; every so many tenants and priorities one after the other, ages in the order of the list. */
function many(tenants: number, priorities = 1): SlotWanted[] {
  return Array.from({ length: MANY }, (_, n) => ({
    taskId: taskId(n),
    attempt: 1,
    tenantId: tenant(n % tenants),
    priority: 500 + (n % priorities),
    sinceMs: 1_700_000_000_000 + n,
  }));
}

/** The rows, as `slots` reads them. */
class Records {
  readonly waiting = new Map<string, SlotWanted>();
  readonly holding = new Map<string, SlotWanted>();

  constructor(
    private readonly settings: SlotSettings,
    waiting: readonly SlotWanted[],
  ) {
    for (const one of waiting) this.waiting.set(one.taskId, one);
  }

  slots(limit: number = QUEUE_LIMITS.carried): SlotRecords {
    const waiting = firstInOrder(this.waiting.values(), this.settings, limit);
    const holding = [...this.holding.values()];
    return { settings: this.settings, waiting, holding, more: this.waiting.size > waiting.length };
  }

  begin(id: string): void {
    const one = this.waiting.get(id);
    assert.ok(one, `${id} was granted twice, or never waited`);
    this.waiting.delete(id);
    this.holding.set(id, one);
  }
}

/** Gives slots until nobody waits; the oldest grant is given back first. Answers the tasks in their order. */
function drain(queue: QueueState, records: Records, onGrant: () => void = () => undefined): string[] {
  const order: string[] = [];
  const running: { taskId: string; attempt: number }[] = [];
  for (let round = 0; round < 3 * MANY; round += 1) {
    if (queue.overfull) queue.keepFirst();
    if (queue.runsLow) {
      queue.beginLearning();
      queue.learn(records.slots(), 0);
    }
    for (const granted of queue.grant(0)) {
      records.begin(granted.taskId);
      order.push(granted.taskId);
      running.push(granted);
      onGrant();
    }
    const done = running.shift();
    if (done === undefined) return order;
    records.holding.delete(done.taskId);
    queue.release(done);
  }
  throw new Error('it never ends');
}

describe(`a queue in which ${MANY} tasks wait`, function () {
  this.timeout(60_000);

  for (const [what, tenants] of [
    ['of one tenant', 1],
    ['each of a tenant of its own', MANY],
  ] as const) {
    it(`carries no more than half a payload, and is told no more, ${what} with the longest names`, () => {
      const weights = Object.fromEntries(Array.from({ length: QUEUE_LIMITS.tenants }, (_, n) => [tenant(n), 1_000]));
      const given = settings({ concurrency: QUEUE_LIMITS.concurrency, weights });
      const records = new Records(given, many(tenants));
      const queue = new QueueState();
      queue.learn({ settings: given, waiting: [], holding: [] }, 0);
      for (const one of records.waiting.values()) queue.want(one);
      assert.ok(queue.overfull);
      queue.keepFirst();
      for (const { taskId: granted } of queue.grant(0)) records.begin(granted);
      queue.beginLearning();
      queue.learn(records.slots(), 0);
      assert.deepEqual([queue.data.waiting.length, queue.data.holding.length], [1_000, 1_000]);
      const told = bytes(records.slots());
      const carried = bytes(queue.data);
      assert.ok(told < PAYLOAD_BYTES / 2, `told ${told} bytes`);
      assert.ok(carried < PAYLOAD_BYTES / 2, `carries ${carried} bytes`);
    });
  }

  it('learns of them in about the time that they take one by one', () => {
    const measure = (count: number): number => {
      const waiting = many(3).slice(0, count);
      const queue = new QueueState(undefined, MANY);
      const began = performance.now();
      queue.learn({ settings: settings(), waiting, holding: [] }, 0);
      queue.learn({ settings: settings(), waiting, holding: [] }, 0);
      assert.equal(queue.data.waiting.length, count);
      return performance.now() - began;
    };
    // The shortest of some: a machine that does something else in between makes each of them longer, and none shorter.
    const shortest = (count: number) => Math.min(...Array.from({ length: 5 }, () => measure(count)));
    // Ten times as many: a hundred times as long where it is quadratic.
    const few = Math.max(1, shortest(MANY / 10));
    const all = shortest(MANY);
    assert.ok(all < few * 40, `${few} ms for a tenth, ${all} ms for all`);
  });

  it('gives them slots in the order in which it would if it carried them all, and each once', () => {
    const tasks = many(7, 3);
    const given = settings({ concurrency: 50 });
    const whole = new QueueState(undefined, Infinity);
    whole.learn(new Records(given, tasks).slots(Infinity), 0);
    const expected = drain(whole, new Records(given, tasks));
    const records = new Records(given, tasks);
    const queue = new QueueState();
    queue.learn(records.slots(), 0);
    assert.deepEqual(drain(queue, records), expected);
    assert.equal(new Set(expected).size, MANY);
    assert.ok(queue.idle);
  });

  it('leaves nobody out who comes while they wait: who comes first in order is let in, the others wait in the records', () => {
    const tasks = many(3);
    const records = new Records(settings(), tasks);
    const queue = new QueueState();
    queue.learn(records.slots(), 0);
    let come = 0;
    const comes = () => {
      come += 1;
      if (come > 2_000) return;
      const priority = come % 100 === 0 ? 900 : 500;
      const one = {
        taskId: taskId(MANY + come),
        attempt: 1,
        tenantId: tenant(come % 5),
        priority,
        sinceMs: 2e12 + come,
      };
      records.waiting.set(one.taskId, one);
      queue.want(one);
    };
    const order = drain(queue, records, comes);
    assert.equal(new Set(order).size, MANY + 2_000);
    // The hundredth that came was urgent, and one of a new tenant did not wait for ten thousand.
    assert.ok(order.indexOf(taskId(MANY + 100)) < 150);
    assert.ok(order.indexOf(taskId(MANY + 3)) < 50);
  });

  it('asks again when somebody was left out while the records were asked', () => {
    const queue = new QueueState(undefined, 4);
    const [a, b, c, d, e, f] = many(1);
    assert.ok(a && b && c && d && e && f);
    queue.learn({ settings: settings({ concurrency: 3 }), waiting: [a, b, c, d], holding: [], more: true }, 0);
    queue.grant(0);
    assert.ok(queue.runsLow);
    queue.beginLearning();
    queue.want(f);
    queue.learn({ settings: settings({ concurrency: 3 }), waiting: [d, e], holding: [] }, 0);
    assert.ok(queue.data.more);
  });
});
