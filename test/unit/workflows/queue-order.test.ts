import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SlotSettings, SlotWanted } from '../../../src/domain/task-messages.js';
import { nextGrant } from '../../../workflows/queue/next-grant.js';
import { QueueState } from '../../../workflows/queue/queue-state.js';

const settings = (more: Partial<SlotSettings> = {}): SlotSettings => ({
  concurrency: 10,
  paused: false,
  weights: {},
  ...more,
});

/** `a3@700`: the third task of tenant `a`, with priority 700; ages are in the order of the list. */
function wanted(...names: string[]): SlotWanted[] {
  return names.map((name, index) => {
    const [taskId = '', priority = '500'] = name.split('@');
    return { taskId, attempt: 1, tenantId: taskId.slice(0, 1), priority: Number(priority), sinceMs: index };
  });
}

const holding = (tenants: string) => tenants.split('').map((tenantId) => ({ tenantId }));

describe("the order of a queue's slots", () => {
  const table: [what: string, given: Parameters<typeof nextGrant>[0], expected: string | undefined][] = [
    ['nobody waits', { settings: settings(), waiting: [], holding: [], served: {} }, undefined],
    ['one waits', { settings: settings(), waiting: wanted('a1'), holding: [], served: {} }, 'a1'],
    ['paused', { settings: settings({ paused: true }), waiting: wanted('a1'), holding: [], served: {} }, undefined],
    [
      'full',
      { settings: settings({ concurrency: 2 }), waiting: wanted('a1'), holding: holding('bb'), served: {} },
      undefined,
    ],
    [
      'over the limit, which was lowered',
      { settings: settings({ concurrency: 1 }), waiting: wanted('a1'), holding: holding('bb'), served: {} },
      undefined,
    ],
    [
      'no slots at all',
      { settings: settings({ concurrency: 0 }), waiting: wanted('a1'), holding: [], served: {} },
      undefined,
    ],
    ['the older first', { settings: settings(), waiting: wanted('a1', 'a2'), holding: [], served: {} }, 'a1'],
    ['priority before age', { settings: settings(), waiting: wanted('a1', 'a2@501'), holding: [], served: {} }, 'a2'],
    [
      'priority before fairness',
      { settings: settings(), waiting: wanted('a1@501', 'b1'), holding: holding('aaa'), served: { a: 9 } },
      'a1',
    ],
    [
      'the tenant with fewer slots',
      { settings: settings(), waiting: wanted('a1', 'b1'), holding: holding('aab'), served: {} },
      'b1',
    ],
    [
      'fewer for its weight',
      { settings: settings({ weights: { a: 3 } }), waiting: wanted('b1', 'a1'), holding: holding('aab'), served: {} },
      'a1',
    ],
    [
      'of equal shares, who was served less',
      { settings: settings(), waiting: wanted('a1', 'b1'), holding: [], served: { a: 5, b: 4 } },
      'b1',
    ],
    [
      'of equals, the older',
      { settings: settings(), waiting: wanted('b1', 'a1'), holding: [], served: { a: 5, b: 5 } },
      'b1',
    ],
  ];
  for (const [what, given, expected] of table) {
    it(`${what}: ${expected ?? 'nobody'}`, () => assert.equal(nextGrant(given)?.taskId, expected));
  }

  it('of one millisecond, the id decides', () => {
    const waiting = wanted('a2', 'a1').map((one) => ({ ...one, sinceMs: 0 }));
    assert.equal(nextGrant({ settings: settings(), waiting, holding: [], served: {} })?.taskId, 'a1');
  });
});

describe('a queue', () => {
  /** A queue of these settings, in which these wait. */
  function queueOf(given: Partial<SlotSettings>, ...names: string[]): QueueState {
    const queue = new QueueState();
    queue.learn({ settings: settings(given), waiting: wanted(...names), holding: [] }, 0);
    return queue;
  }
  const ids = (granted: readonly { taskId: string }[]) => granted.map(({ taskId }) => taskId).join(' ');

  it('gives no more slots than it has, and the next when one comes back', () => {
    const queue = queueOf({ concurrency: 2 }, 'a1', 'a2', 'a3');
    assert.equal(ids(queue.grant(1)), 'a1 a2');
    assert.equal(ids(queue.grant(2)), '');
    queue.release({ taskId: 'a1', attempt: 1 });
    assert.equal(ids(queue.grant(3)), 'a3');
  });

  it('lets tenants take turns through a single slot, by their weights', () => {
    const queue = queueOf({ concurrency: 1, weights: { b: 2 } }, 'a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6');
    const order: string[] = [];
    for (let [granted] = queue.grant(1); granted !== undefined; [granted] = queue.grant(1)) {
      order.push(granted.taskId.slice(0, 1));
      queue.release(granted);
    }
    assert.equal(order.filter((tenant) => tenant === 'b').length, 6);
    // In any three that follow each other while both wait, b has two.
    assert.equal(order.slice(0, 9).join(''), 'abbabbabb');
  });

  it('gives a tenant that comes late its share from then on, and nothing for the time before', () => {
    const queue = queueOf({ concurrency: 1 }, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6');
    for (let rounds = 0; rounds < 3; rounds += 1) for (const granted of queue.grant(1)) queue.release(granted);
    for (const one of wanted('b1', 'b2', 'b3')) queue.want({ ...one, sinceMs: one.sinceMs + 1_000 });
    const order: string[] = [];
    for (let [granted] = queue.grant(1); granted !== undefined; [granted] = queue.grant(1)) {
      order.push(granted.taskId);
      queue.release(granted);
    }
    assert.equal(order.join(' '), 'a4 b1 a5 b2 a6 b3');
  });

  it('takes a repeated wish once, and hears no old release', () => {
    const queue = queueOf({ concurrency: 1 }, 'a1');
    const [first] = wanted('a1');
    assert.ok(first);
    queue.want(first);
    assert.equal(ids(queue.grant(1)), 'a1');
    queue.want(first);
    queue.want({ ...first, attempt: 2 });
    queue.release({ taskId: 'a1', attempt: 1 });
    assert.equal(ids(queue.grant(2)), 'a1');
    queue.release({ taskId: 'a1', attempt: 1 });
    assert.equal(queue.idle, false);
    queue.release({ taskId: 'a1', attempt: 2 });
    assert.equal(queue.idle, true);
  });

  it('learns from the records who went without a word and who was never told of, but trusts what it granted just now', () => {
    const queue = queueOf({ concurrency: 3 }, 'a1', 'a2', 'a3', 'a4');
    queue.grant(0);
    queue.release({ taskId: 'a1', attempt: 1 });
    queue.grant(100_000);
    // a2 and a3 have ended without giving their slots back; a4 has its own since just now; b1's wish was lost.
    const records = { settings: settings({ concurrency: 5 }), waiting: wanted('b1'), holding: [] };
    queue.learn(records, 100_001);
    assert.equal(ids(queue.data.holding), 'a4');
    assert.equal(ids(queue.grant(100_002)), 'b1');
    queue.learn({ ...records, waiting: [], holding: [{ taskId: 'c1', attempt: 1, tenantId: 'c' }] }, 100_003);
    assert.equal(ids(queue.data.holding), 'a4 b1 c1');
  });

  it('trusts what it heard while the records were asked more than what they answer', () => {
    const queue = queueOf({ concurrency: 2 }, 'a1', 'a2');
    queue.grant(0);
    queue.beginLearning();
    queue.release({ taskId: 'a1', attempt: 1 });
    const [b1] = wanted('b1');
    assert.ok(b1);
    queue.want(b1);
    const holding = ['a1', 'a2'].map((taskId) => ({ taskId, attempt: 1, tenantId: 'a' }));
    queue.learn({ settings: settings({ concurrency: 1 }), waiting: [], holding }, 100_000);
    assert.equal(ids(queue.data.holding), 'a2');
    assert.equal(ids(queue.data.waiting), 'b1');
  });

  it('whatever comes in whatever order: never more than its slots, nobody waits beside a free one, everybody is served', () => {
    const tasks = fc.array(
      fc.record({
        tenant: fc.constantFrom('a', 'b', 'c'),
        priority: fc.integer({ min: 0, max: 2 }),
        comes: fc.nat(40),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(tasks, fc.integer({ min: 1, max: 5 }), (all, concurrency) => {
        const queue = queueOf({ concurrency });
        const running: { taskId: string; attempt: number }[] = [];
        const served = new Set<string>();
        for (let now = 0; now <= 40 + all.length; now += 1) {
          all.forEach(({ tenant, priority, comes }, index) => {
            if (comes !== now) return;
            queue.want({ taskId: `${tenant}${index}`, attempt: 1, tenantId: tenant, priority, sinceMs: now });
          });
          for (const granted of queue.grant(now)) {
            assert.ok(!served.has(granted.taskId));
            served.add(granted.taskId);
            running.push(granted);
          }
          assert.ok(running.length <= concurrency);
          assert.ok(queue.data.waiting.length === 0 || running.length === concurrency);
          const done = running.shift();
          if (done !== undefined) queue.release(done);
        }
        assert.equal(served.size, all.length);
        assert.equal(queue.idle, running.length === 0);
      }),
    );
  });
});
