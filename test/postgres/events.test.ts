import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import fc from 'fast-check';
import type { EventAppendRequest, NewEvent } from '../../src/ports/event-store.js';
import { createEventStore } from '../../src/postgres/events.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { Database } from '../../src/postgres/pool.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { refused } from '../support/refused.js';
import { openRun, runSnapshot } from '../support/runs.js';

const event = (clientSeq?: number, payload: Record<string, unknown> = { n: clientSeq ?? null }): NewEvent => ({
  type: 'backend_status',
  payload,
  clientSeq,
});

const append = (postgres: Postgres, runId: string, events: NewEvent[], given: Partial<EventAppendRequest> = {}) =>
  postgres.events.append({ runId, fence: null, producer: 'runner', events, ...given });

describe('the event store', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 20_000 });
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  describe('append', () => {
    it('numbers the events of a run from 1 and answers them as they are read back', async () => {
      const runId = await openRun(postgres);
      const appended = await append(postgres, runId, [event(1), event(2), event(undefined)]);
      assert.deepEqual(
        appended.map((record) => record.seq),
        [1, 2, 3],
      );
      assert.deepEqual(await postgres.events.page({ runId, afterSeq: 0, limit: 10 }), appended);
    });

    it('gives ids that are event ids and sort like seq', async () => {
      const runId = await openRun(postgres);
      const ids = (
        await append(
          postgres,
          runId,
          Array.from({ length: 40 }, () => event()),
        )
      ).map((record) => record.id);
      assert.deepEqual(ids, [...ids].sort());
      for (const id of ids) assert.match(id, /^evt_[0-9a-z]{8,60}$/);
    });

    it('adds nothing for a number seen before and answers what was written the first time', async () => {
      const runId = await openRun(postgres);
      const first = await append(postgres, runId, [event(1), event(2), event(3)]);
      const again = await append(postgres, runId, [event(4), event(2, { other: true }), event(1)]);
      assert.deepEqual(
        again.map((record) => record.seq),
        [4, 2, 1],
      );
      assert.deepEqual(again.slice(1), [first[1], first[0]]);
      assert.equal((await postgres.events.last(runId)).seq, 4);
    });

    it('counts a number that stands twice in one batch once', async () => {
      const runId = await openRun(postgres);
      const records = await append(postgres, runId, [event(7), event(8), event(7)]);
      assert.deepEqual(
        records.map((record) => record.seq),
        [1, 2, 1],
      );
    });

    it('keeps the numbers of producers apart', async () => {
      const runId = await openRun(postgres);
      await append(postgres, runId, [event(1)], { producer: 'runner' });
      const [record] = await append(postgres, runId, [event(1)], { producer: 'operator' });
      assert.equal(record?.seq, 2);
    });

    it('keeps NUL characters, lone surrogates and numbers as they were written', async () => {
      const runId = await openRun(postgres);
      const payload = { text: 'a\u0000b\ud800c\udc00', 'key\u0000': ['\ud83d', 1e21, -0.1], commandId: 'cmd_x' };
      await append(postgres, runId, [event(1, payload)]);
      const [record] = await postgres.events.page({ runId, afterSeq: 0, limit: 1 });
      assert.deepEqual(record?.payload, payload);
      assert.deepEqual(await postgres.events.tail({ runId, limit: 5, commandId: 'cmd_x' }), [record]);
    });

    it('takes whatever stands where a command’s id is expected', async () => {
      const runId = await openRun(postgres);
      const odd = [randomBytes(50_000).toString('base64'), 7, null, { nested: true }, '', '\u0000'];
      await append(
        postgres,
        runId,
        odd.map((commandId) => event(undefined, { commandId })),
      );
      const records = await postgres.events.page({ runId, afterSeq: 0, limit: 10 });
      assert.deepEqual(
        records.map((record) => record.payload['commandId']),
        odd,
      );
    });

    it('is refused for a run that does not exist', async () => {
      await assert.rejects(append(postgres, 'run_doesnotexist', [event(1)]), refused('schema-invalid', 'missing'));
    });

    it('is refused once the run has ended, but repeats what was in before', async () => {
      const runId = await openRun(postgres);
      const [first] = await append(postgres, runId, [event(1)]);
      await postgres.runs.projectRun(
        runSnapshot(runId, { version: 2, status: 'completed', terminalStatus: 'completed' }),
      );
      await assert.rejects(append(postgres, runId, [event(2)]), refused('schema-invalid', 'conflict'));
      await assert.rejects(append(postgres, runId, [event(1), event(2)]), refused('schema-invalid', 'conflict'));
      assert.deepEqual(await append(postgres, runId, [event(1)]), [first]);
    });

    it('writes all or nothing', async () => {
      const runId = await openRun(postgres);
      const broken = { toJSON: () => undefined } as unknown as Record<string, unknown>;
      await assert.rejects(append(postgres, runId, [event(1), event(2, broken)]));
      assert.deepEqual(await postgres.events.last(runId), { seq: 0, atMs: null });
      assert.equal((await append(postgres, runId, [event(1)]))[0]?.seq, 1);
    });

    it('keeps order by time in step with order by seq', async () => {
      const runId = await openRun(postgres);
      await Promise.all(Array.from({ length: 30 }, (_, i) => append(postgres, runId, [event(i + 1)])));
      const rows = await database.query<{ in_step: boolean }>(
        `SELECT created_at >= lag(created_at, 1, '-infinity') OVER (ORDER BY seq) AS in_step FROM run_events WHERE run_id = $1`,
        [runId],
      );
      assert.ok(rows.every((row) => row.in_step));
    });
  });

  describe('the fence', () => {
    it('lets only the live attempt and its runner write', async () => {
      const runId = await openRun(postgres);
      const fenced = (fence: EventAppendRequest['fence']) => append(postgres, runId, [event()], { fence });
      await assert.rejects(fenced({ attempt: 1, runnerId: 'r1' }), refused('lease-lost', 'conflict'));

      await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
      await fenced({ attempt: 1, runnerId: 'r1' });
      await fenced({ runnerId: 'r1' });
      await fenced({ attempt: 1 });
      await assert.rejects(fenced({ attempt: 1, runnerId: 'r2' }), refused('lease-lost', 'conflict'));
      await assert.rejects(fenced({ attempt: 2 }), refused('lease-lost', 'conflict'));

      await postgres.leases.revoke(runId, 1);
      await assert.rejects(fenced({ attempt: 1, runnerId: 'r1' }), refused('lease-lost', 'conflict'));
      await assert.rejects(fenced({ attempt: 1 }), refused('lease-lost', 'conflict'));
      await assert.rejects(fenced({ runnerId: 'r1' }), refused('lease-lost', 'conflict'));
      await fenced(null);
      assert.equal((await postgres.events.last(runId)).seq, 4);
    });

    it('lets nothing in after an attempt was ended while its runner was writing', async () => {
      const runId = await openRun(postgres);
      await postgres.leases.grant({ runId, attempt: 1, runnerId: 'r1', leaseMs: 60_000 });
      let lastAccepted = 0;
      const write = async (writer: number) => {
        for (let i = 1; i <= 40; i++) {
          const fence = { attempt: 1, runnerId: 'r1' };
          const [record] = await append(postgres, runId, [event(i)], { fence, producer: `p${writer}` });
          lastAccepted = Math.max(lastAccepted, record!.seq);
        }
      };
      const writers = Promise.allSettled([1, 2, 3].map(write));
      await postgres.leases.revoke(runId, 1);
      const seqWhenRevoked = (await postgres.events.last(runId)).seq;
      await writers;
      assert.equal((await postgres.events.last(runId)).seq, seqWhenRevoked);
      assert.ok(lastAccepted <= seqWhenRevoked);
    });
  });

  describe('10,000 events in batches by four writers at once, with retries and reordering', () => {
    it('get seq 1 to 10,000, each once', async () => {
      const runId = await openRun(postgres);
      const total = 10_000;
      const numbers = shuffled(Array.from({ length: total }, (_, i) => i + 1));
      const batches: number[][] = [];
      while (numbers.length > 0) batches.push(numbers.splice(0, 1 + Math.floor(Math.random() * 120)));
      // Every fourth batch is sent again, some of them while the first copy is still under way.
      const sends = shuffled([...batches, ...batches.filter((_, i) => i % 4 === 0)]);

      const seqOf = new Map<number, number>();
      const writer = async () => {
        for (let batch = sends.pop(); batch !== undefined; batch = sends.pop()) {
          const records = await append(
            postgres,
            runId,
            batch.map((n) => event(n)),
          );
          records.forEach((record, i) => {
            assert.equal(record.payload['n'], batch[i]);
            assert.equal(seqOf.get(batch[i]!) ?? record.seq, record.seq);
            seqOf.set(batch[i]!, record.seq);
          });
        }
      };
      await Promise.all([writer(), writer(), writer(), writer()]);

      assert.deepEqual(
        [...seqOf.values()].sort((a, b) => a - b),
        Array.from({ length: total }, (_, i) => i + 1),
      );
      const read = [];
      for (let afterSeq = 0; afterSeq < total; afterSeq += 500) {
        read.push(...(await postgres.events.page({ runId, afterSeq, limit: 500 })));
      }
      assert.ok(read.every((record, i) => record.seq === i + 1));
      assert.equal(new Set(read.map((record) => record.payload['n'])).size, total);
    });
  });

  it('agrees with a plain list, whatever producers send', async () => {
    const batch = fc.record({
      producer: fc.constantFrom('a', 'b'),
      numbers: fc.array(fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }), { minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
        const runId = await openRun(postgres);
        const model = new Map<string, number>();
        let last = 0;
        for (const { producer, numbers } of batches) {
          const expected = numbers.map((n) => {
            const key = `${producer}:${n}`;
            const seq = (n === undefined ? undefined : model.get(key)) ?? ++last;
            if (n !== undefined) model.set(key, seq);
            return seq;
          });
          const records = await append(
            postgres,
            runId,
            numbers.map((n) => event(n)),
            { producer },
          );
          assert.deepEqual(
            records.map((record) => record.seq),
            expected,
          );
        }
        assert.equal((await postgres.events.last(runId)).seq, last);
      }),
      { numRuns: 60 },
    );
  });

  describe('reads', () => {
    it('page forward and tail backward, oldest first', async () => {
      const runId = await openRun(postgres);
      await append(
        postgres,
        runId,
        Array.from({ length: 25 }, (_, i) => event(i + 1, { commandId: i % 5 === 0 ? 'cmd_five' : 'cmd_other' })),
      );
      const seqs = (records: { seq: number }[]) => records.map((record) => record.seq);
      assert.deepEqual(seqs(await postgres.events.page({ runId, afterSeq: 10, limit: 3 })), [11, 12, 13]);
      assert.deepEqual(seqs(await postgres.events.page({ runId, afterSeq: 25, limit: 3 })), []);
      assert.deepEqual(seqs(await postgres.events.tail({ runId, limit: 3 })), [23, 24, 25]);
      assert.deepEqual(seqs(await postgres.events.tail({ runId, limit: 3, beforeSeq: 20 })), [17, 18, 19]);
      assert.deepEqual(seqs(await postgres.events.tail({ runId, limit: 3, beforeSeq: 900 })), [23, 24, 25]);
      assert.deepEqual(seqs(await postgres.events.tail({ runId, limit: 30, beforeSeq: 3 })), [1, 2]);
      const types = ['backend_status' as const];
      assert.deepEqual(seqs(await postgres.events.tail({ runId, limit: 2, types, beforeSeq: 20 })), [18, 19]);
      assert.deepEqual(seqs(await postgres.events.tail({ runId, limit: 2, commandId: 'cmd_five' })), [16, 21]);
    });

    it('find the first and the last of some types, in the order of all', async () => {
      const runId = await openRun(postgres);
      const told = (['error', 'plan', 'backend_status', 'error', 'diff', 'terminal_status', 'error'] as const).map(
        (type): NewEvent => ({ type, payload: {} }),
      );
      await append(postgres, runId, told);
      const types = ['backend_status', 'error', 'terminal_status'] as const;
      const page = async (afterSeq: number, limit: number) =>
        (await postgres.events.page({ runId, afterSeq, limit, types })).map(({ seq, type }) => `${seq} ${type}`);
      assert.deepEqual(await page(0, 3), ['1 error', '3 backend_status', '4 error']);
      assert.deepEqual(await page(3, 9), ['4 error', '6 terminal_status', '7 error']);
      const tail = await postgres.events.tail({ runId, limit: 2, types, beforeSeq: 7 });
      assert.deepEqual(
        tail.map(({ seq }) => seq),
        [4, 6],
      );
      const others = await postgres.events.page({ runId, afterSeq: 0, limit: 9, types: ['plan', 'diff', 'error'] });
      assert.deepEqual(
        others.map(({ seq }) => seq),
        [1, 2, 4, 5, 7],
      );
    });

    it('of a run without events, or of no run, are empty', async () => {
      const runId = await openRun(postgres);
      for (const id of [runId, 'run_doesnotexist']) {
        assert.deepEqual(await postgres.events.page({ runId: id, afterSeq: 0, limit: 5 }), []);
        assert.deepEqual(await postgres.events.tail({ runId: id, limit: 5 }), []);
        assert.deepEqual(await postgres.events.last(id), { seq: 0, atMs: null });
      }
    });

    it('find that there is none of a type without a look at all the others', async () => {
      const runId = await openRun(postgres);
      const said = Array.from({ length: 500 }, (): NewEvent => ({ type: 'command_output', payload: { text: 'x' } }));
      for (let i = 0; i < 10; i++) await append(postgres, runId, said);
      await database.query('ANALYZE run_events');
      const own = new Database({ connectionString: database.connectionString, maxConnections: 1 });
      const events = createEventStore(own, postgres.wakeups);
      const read = async () => {
        // A session publishes its counters seldom, unless it is told to.
        await own.query('SELECT pg_stat_force_next_flush()');
        const { rows } = await own.query<{ tuples: number }>(
          `SELECT sum(idx_tup_read)::bigint AS tuples FROM pg_stat_user_indexes WHERE relname LIKE 'run_events%'`,
        );
        return rows[0]?.tuples ?? 0;
      };
      // From the sixth time on a statement with a name may be planned for whatever it is given.
      for (let i = 0; i < 9; i++) await events.page({ runId, afterSeq: 0, limit: 100 });
      const before = await read();
      assert.equal(await events.latest({ runId, type: 'token_usage' }), undefined);
      assert.equal(await events.latest({ runId, type: 'assistant_message', commandId: 'cmd_x' }), undefined);
      // Nearly all that other tests have written here is of the type that is missing in this list.
      const types = ['error', 'token_usage', 'terminal_status'] as const;
      assert.deepEqual(await events.page({ runId, afterSeq: 0, limit: 100, types }), []);
      assert.deepEqual(await events.tail({ runId, limit: 200, types }), []);
      assert.ok((await read()) - before < 50, `${(await read()) - before} read`);
      await own.close();
    });

    it('look into the partitions of the run only', async () => {
      const runId = await openRun(postgres);
      await append(postgres, runId, [event(1)]);
      const plan = await database.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, COSTS OFF) SELECT e.seq FROM run_events e WHERE e.run_id = '${runId}' AND e.seq > 0
           AND e.created_at >= (SELECT s.first_event_at FROM run_streams s WHERE s.run_id = '${runId}')
           AND e.created_at <= (SELECT s.last_event_at FROM run_streams s WHERE s.run_id = '${runId}')
         ORDER BY e.seq LIMIT 10`,
      );
      const scans = plan.map((row) => row['QUERY PLAN']).filter((line) => line.includes('run_events_'));
      assert.equal(scans.filter((line) => !line.includes('never executed')).length, 1, scans.join('\n'));
    });
  });

  it('makes a missing partition when an event needs it', async () => {
    const runId = await openRun(postgres);
    const [{ name } = { name: '' }] = await database.query<{ name: string }>(
      `SELECT 'run_events_' || to_char(date_trunc('week', now() AT TIME ZONE 'UTC'), 'YYYYMMDD') AS name`,
    );
    await database.query(`ALTER TABLE run_events DETACH PARTITION ${name}`);
    await database.query(`DROP TABLE ${name}`);
    assert.equal((await append(postgres, runId, [event(1)]))[0]?.seq, 1);
  });
});

function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
