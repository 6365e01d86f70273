import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createEventStore } from '../../src/postgres/events.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { Database } from '../../src/postgres/pool.js';
import type { Subscription, Topic } from '../../src/ports/wakeups.js';
import { countStatements } from '../support/count-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openRun } from '../support/runs.js';

const LONG_MS = 20_000;
const TOPIC: Topic = 'events:run_a';

/** Resolves once `next` has resolved; rejects when it took as long as its timeout. */
async function woken(subscription: Subscription): Promise<void> {
  const from = performance.now();
  await subscription.next(LONG_MS);
  assert.ok(performance.now() - from < LONG_MS - 100, 'nobody woke the subscription');
}

describe('wake-ups', () => {
  let database: TestDatabase;
  /** Two processes, as far as the database can tell. */
  let here: Postgres;
  let there: Postgres;

  /** Until both are listening: what is sent before may be missed, and everybody is woken instead. */
  async function bothListening(): Promise<void> {
    await roundTrip(here, there);
    await roundTrip(there, here);
  }

  async function roundTrip(from: Postgres, to: Postgres): Promise<void> {
    const topic: Topic = `commands:probe-${Math.random()}`;
    const subscription = to.wakeups.subscribe(topic);
    let arrived = false;
    // The first connection wakes everybody, so two wake-ups in a row prove one that was sent.
    const loop = (async () => {
      await woken(subscription);
      from.wakeups.notify(topic);
      await woken(subscription);
      arrived = true;
    })();
    while (!arrived) {
      from.wakeups.notify(topic);
      await Promise.race([loop, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    subscription.close();
  }

  before(async () => {
    database = await createTestDatabase();
    here = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
    there = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
    await bothListening();
  });

  after(async () => {
    await here.close();
    await there.close();
    await database.drop();
  });

  it('reach a subscriber of this process without the database', async () => {
    const subscription = here.wakeups.subscribe(TOPIC);
    const waiting = woken(subscription);
    here.wakeups.notify(TOPIC);
    await waiting;
    subscription.close();
  });

  it('reach a subscriber of another process', async () => {
    const subscription = there.wakeups.subscribe(TOPIC);
    here.wakeups.notify(TOPIC);
    await woken(subscription);
    subscription.close();
  });

  it('are kept for a subscriber that was not waiting just then, once', async () => {
    const subscription = here.wakeups.subscribe(TOPIC);
    here.wakeups.notify(TOPIC);
    here.wakeups.notify(TOPIC);
    await woken(subscription);
    const from = performance.now();
    await subscription.next(150);
    assert.ok(performance.now() - from >= 140);
    subscription.close();
  });

  it('reach all subscribers of their topic and none of another', async () => {
    const subscriptions = [here, here, there].map((process) => process.wakeups.subscribe(TOPIC));
    const other = there.wakeups.subscribe('events:run_b');
    let otherWoken = false;
    void other.next(LONG_MS).then(() => (otherWoken = true));
    here.wakeups.notify(TOPIC);
    await Promise.all(subscriptions.map(woken));
    assert.equal(otherWoken, false);
    for (const subscription of [...subscriptions, other]) subscription.close();
  });

  it('come with an append, from one process to another', async () => {
    const runId = await openRun(here);
    const subscription = there.wakeups.subscribe(`events:${runId}`);
    await here.events.append({ runId, fence: null, producer: 'p', events: [{ type: 'plan', payload: {} }] });
    await woken(subscription);
    assert.equal((await there.events.last(runId)).seq, 1);
    subscription.close();
  });

  it('end a wait by its timeout or its signal', async () => {
    const subscription = here.wakeups.subscribe(TOPIC);
    await subscription.next(10);
    const abort = new AbortController();
    const waiting = subscription.next(LONG_MS, abort.signal);
    abort.abort();
    await waiting;
    await subscription.next(LONG_MS, abort.signal);
    subscription.close();
  });

  it('go in few statements when there are many at once', async () => {
    const subscription = there.wakeups.subscribe('events:run_499');
    const statements = await countStatements(async () => {
      for (let i = 0; i < 500; i++) here.wakeups.notify(`events:run_${i}`);
      await woken(subscription);
    });
    assert.ok(statements >= 1 && statements <= 2, `${statements} statements`);
    subscription.close();
  });

  it('go in fewer statements than there are appends while an agent works', async () => {
    const subscription = there.wakeups.subscribe('events:run_1');
    let hints = 0;
    const statements = await countStatements(async () => {
      const until = performance.now() + 300;
      for (; performance.now() < until; hints++) {
        here.wakeups.notify('events:run_1');
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
      await woken(subscription);
    });
    assert.ok(statements >= 1 && statements <= 300 / 20 + 2, `${statements} statements for ${hints} hints`);
    subscription.close();
  });

  it('of what somebody may wait for do not wait their turn behind those of what agents say', async () => {
    const [said, awaited] = [there.wakeups.subscribe('events:said'), there.wakeups.subscribe('events:awaited')];
    /** From a hint that is sent at once until the one right after it is there; of some tries the shortest, since on a busy machine each may take long. */
    const shortest = async (options?: { urgent: boolean }) => {
      let shortestMs = Infinity;
      for (let tries = 0; tries < 30; tries += 1) {
        const from = performance.now();
        here.wakeups.notify('events:said', { urgent: true });
        await woken(said);
        here.wakeups.notify('events:awaited', options);
        await woken(awaited);
        shortestMs = Math.min(shortestMs, performance.now() - from);
      }
      return shortestMs;
    };
    const [urgentMs, othersMs] = [await shortest({ urgent: true }), await shortest()];
    // Others go 20 ms after the last: what a way takes on this machine is in both.
    assert.ok(othersMs >= 20 && urgentMs < othersMs - 5, `${urgentMs} ms and ${othersMs} ms`);
    for (const subscription of [said, awaited]) subscription.close();
  });

  it('are urgent for an append that says where a run is', async () => {
    const runId = await openRun(here);
    const notified: unknown[] = [];
    const own = new Database({ connectionString: database.connectionString, maxConnections: 1 });
    const events = createEventStore(own, {
      notify: (topic, options) => void notified.push([topic, options]),
      subscribe: (topic) => here.wakeups.subscribe(topic),
    });
    for (const type of ['assistant_message', 'backend_status'] as const)
      await events.append({ runId, fence: null, producer: 'p', events: [{ type, payload: {} }] });
    await own.close();
    assert.deepEqual(notified, [
      [`events:${runId}`, { urgent: false }],
      [`events:${runId}`, { urgent: true }],
    ]);
  });

  describe('when the connections are killed', () => {
    it('wake everybody once they are back, and then work as before', async () => {
      const idle = there.wakeups.subscribe('events:idle');
      const waiting = woken(idle);
      const killed = await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      assert.ok(killed.length >= 2);
      await waiting;
      idle.close();
      await bothListening();
      const subscription = there.wakeups.subscribe(TOPIC);
      here.wakeups.notify(TOPIC);
      await woken(subscription);
      subscription.close();
    });

    it('keep a hint that was sent meanwhile', async () => {
      const subscription = there.wakeups.subscribe(TOPIC);
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      here.wakeups.notify(TOPIC);
      await woken(subscription);
      subscription.close();
    });
  });

  it('end every wait when they are closed', async () => {
    const process = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
    const subscription = process.wakeups.subscribe(TOPIC);
    const waiting = woken(subscription);
    await process.close();
    await waiting;
    await woken(subscription);
  });
});
