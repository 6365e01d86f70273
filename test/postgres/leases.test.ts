import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createLeaseStore } from '../../src/postgres/leases.js';
import { Database } from '../../src/postgres/pool.js';
import { countStatements } from '../support/count-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { refused } from '../support/refused.js';
import { openRun, runSnapshot } from '../support/runs.js';

const GAP_MS = 5_000;
const MINUTE_MS = 60_000;

describe('the lease store', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let runId: string;

  const grant = (runnerId: string, given: { attempt?: number; leaseMs?: number } = {}) =>
    postgres.leases.grant({ runId, attempt: 1, runnerId, leaseMs: MINUTE_MS, ...given });

  /** As if the lease had been given or renewed that long ago. */
  const ageLease = (ms: number) =>
    database.query(`UPDATE run_leases SET expires_at = expires_at - $2 * interval '1 ms' WHERE run_id = $1`, [
      runId,
      ms,
    ]);

  /** As if the API had accepted renewals for that long, its last beat so long ago. */
  const setLiveness = (acceptingForMs: number, lastBeatMs: number) =>
    database.query(
      `UPDATE api_liveness SET accepting_since = now() - $1 * interval '1 ms', last_beat_at = now() - $2 * interval '1 ms'`,
      [acceptingForMs, lastBeatMs],
    );

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  beforeEach(async () => {
    await database.query('DELETE FROM runs');
    runId = await openRun(postgres);
    await setLiveness(10 * MINUTE_MS, 0);
    await postgres.leases.beat(GAP_MS);
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  describe('grant', () => {
    it('gives the attempt to one of 20 runners that race for it', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => grant(`r${i}`)));
      assert.equal(answers.filter((end) => end !== undefined).length, 1);
      const winner = `r${answers.findIndex((end) => end !== undefined)}`;
      const lease = await postgres.leases.read(runId);
      assert.deepEqual({ runnerId: lease?.runnerId, alive: lease?.alive }, { runnerId: winner, alive: true });
    });

    it('answers when the lease ends, by the database clock, and again to the same runner', async () => {
      const [{ now } = { now: new Date(0) }] = await database.query<{ now: Date }>('SELECT now()');
      const first = await grant('r1');
      assert.ok(first !== undefined && Math.abs(first - now.getTime() - MINUTE_MS) < 5_000);
      assert.ok((await grant('r1'))! >= first);
    });

    it('refuses an attempt that is over, or not begun', async () => {
      assert.equal(await grant('r1', { attempt: 2 }), undefined);
      await postgres.leases.revoke(runId, 1);
      assert.equal(await grant('r1', { attempt: 1 }), undefined);
      assert.notEqual(await grant('r1', { attempt: 2 }), undefined);
    });

    it('refuses a run that has ended', async () => {
      await postgres.runs.projectRun(runSnapshot(runId, { version: 2, status: 'failed', terminalStatus: 'failed' }));
      assert.equal(await grant('r1'), undefined);
    });

    it('refuses a run that does not exist', async () => {
      const lease = { runId: 'run_doesnotexist', attempt: 1, runnerId: 'r1', leaseMs: MINUTE_MS };
      assert.equal(await postgres.leases.grant(lease), undefined);
    });
  });

  describe('renew', () => {
    const renew = (runnerId: string, attempt?: number) =>
      postgres.leases.renew({ runId, runnerId, attempt, leaseMs: 2 * MINUTE_MS });

    it('answers the run with the new end, the cancel marks and the newest command', async () => {
      await grant('r1');
      await postgres.runs.projectRun(
        runSnapshot(runId, {
          version: 2,
          status: 'claimed',
          claimedBy: 'r1',
          cancelRequestedAtMs: 1_700_000_000_000,
          cancelCommandIds: ['cmd_stop'],
          lastCommandSeq: 7,
        }),
      );
      const renewed = await renew('r1', 1);
      const run = await postgres.runs.getRun(runId, 'all');
      assert.deepEqual(renewed, { ...run, cancelCommandIds: ['cmd_stop'] });
      assert.equal(renewed.cancelRequestedAt, '2023-11-14T22:13:20.000Z');
      assert.equal(renewed.lastCommandSeq, 7);
      assert.equal(renewed.claimedBy, 'r1');
      assert.ok(Date.parse(renewed.leaseExpiresAt!) > Date.now() + MINUTE_MS);
    });

    it('tests the runner, and the attempt where it is given', async () => {
      await grant('r1');
      await renew('r1');
      await renew('r1', 1);
      await assert.rejects(renew('r2'), refused('lease-lost', 'conflict'));
      await assert.rejects(renew('r1', 2), refused('lease-lost', 'conflict'));
    });

    it('revives a lease that ran out as long as nobody ended the attempt', async () => {
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      await renew('r1', 1);
      assert.deepEqual(await postgres.leases.listExpired(10), []);
    });

    it('tells a runner that lost the attempt from a run that never was', async () => {
      await grant('r1');
      await postgres.leases.revoke(runId, 1);
      await assert.rejects(renew('r1', 1), refused('lease-lost', 'conflict'));
      await assert.rejects(
        postgres.leases.renew({ runId: 'run_doesnotexist', runnerId: 'r1', leaseMs: MINUTE_MS }),
        refused('schema-invalid', 'missing'),
      );
    });

    it('is lost when the run has ended', async () => {
      await grant('r1');
      await postgres.runs.projectRun(
        runSnapshot(runId, { version: 2, status: 'cancelled', terminalStatus: 'cancelled', claimedBy: 'r1' }),
      );
      await assert.rejects(renew('r1', 1), refused('lease-lost', 'conflict'));
      assert.equal((await postgres.runs.getRun(runId, 'all'))?.leaseExpiresAt, null);
    });

    describe('costs one statement', () => {
      it('that writes no index', async () => {
        const own = new Database({ connectionString: database.connectionString, maxConnections: 1 });
        const leases = createLeaseStore(own);
        const updates = async () => {
          // A session publishes its counters seldom, unless it is told to.
          await own.query('SELECT pg_stat_force_next_flush()');
          const { rows } = await own.query<{ updated: number; hot: number }>(
            `SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'run_leases'`,
          );
          return rows[0]!;
        };
        await grant('r1');
        await postgres.close();
        const before = await updates();
        const statements = await countStatements(async () => {
          for (let i = 0; i < 50; i++) await leases.renew({ runId, runnerId: 'r1', attempt: 1, leaseMs: MINUTE_MS });
        });
        assert.equal(statements, 50);
        const after = await updates();
        assert.deepEqual([after.updated - before.updated, after.hot - before.hot], [50, 50]);
        await own.close();
        postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
      });
    });
  });

  describe('expire', () => {
    it('ends an attempt whose lease is over, and fences both ways of writing', async () => {
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      assert.deepEqual(
        (await postgres.leases.listExpired(10)).map(({ runId, attempt, workflowId }) => ({
          runId,
          attempt,
          workflowId,
        })),
        [{ runId, attempt: 1, workflowId: `run:${runId}` }],
      );
      assert.deepEqual(await postgres.leases.expire(runId, 1), { expired: true, expiresAtMs: null });

      const lease = await postgres.leases.read(runId);
      assert.deepEqual(lease, {
        attempt: 2,
        runnerId: null,
        alive: false,
        expiresAtMs: null,
        renewedAtMs: null,
        isOver: false,
        ended: false,
      });
      assert.deepEqual(await postgres.leases.listExpired(10), []);
      const fence = { attempt: 1, runnerId: 'r1' };
      await assert.rejects(
        postgres.events.append({ runId, fence, producer: 'r1', events: [{ type: 'error', payload: {} }] }),
        refused('lease-lost', 'conflict'),
      );
      assert.equal(await grant('r1', { attempt: 1 }), undefined);
    });

    it('answers the same when repeated, also after the next attempt began', async () => {
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      await postgres.leases.expire(runId, 1);
      await grant('r2', { attempt: 2 });
      assert.deepEqual(await postgres.leases.expire(runId, 1), { expired: true, expiresAtMs: null });
      assert.equal((await postgres.leases.read(runId))?.runnerId, 'r2');
    });

    it('leaves a live lease alone and says when it ends', async () => {
      const end = await grant('r1');
      assert.deepEqual(await postgres.leases.expire(runId, 1), { expired: false, expiresAtMs: end });
      assert.equal((await postgres.leases.read(runId))?.alive, true);
    });

    it('leaves an attempt alone that nobody holds', async () => {
      assert.deepEqual(await postgres.leases.expire(runId, 1), { expired: false, expiresAtMs: null });
    });

    it('ends no attempt twice when many ask at once', async () => {
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      const answers = await Promise.all(Array.from({ length: 10 }, () => postgres.leases.expire(runId, 1)));
      assert.ok(answers.every((answer) => answer.expired));
      assert.equal((await postgres.leases.read(runId))?.attempt, 2);
    });

    it('either loses to a renewal or wins over it', async () => {
      for (let i = 0; i < 20; i++) {
        runId = await openRun(postgres);
        await grant('r1');
        await ageLease(2 * MINUTE_MS);
        const [renewed, expired] = await Promise.allSettled([
          postgres.leases.renew({ runId, runnerId: 'r1', attempt: 1, leaseMs: MINUTE_MS }),
          postgres.leases.expire(runId, 1),
        ]);
        assert.equal(expired.status, 'fulfilled');
        assert.notEqual(renewed.status === 'fulfilled', expired.value.expired);
      }
    });
  });

  describe('an outage of ours', () => {
    it('gives every lease its full time again', async () => {
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      await setLiveness(10 * MINUTE_MS, 2 * GAP_MS);
      await postgres.leases.beat(GAP_MS);
      assert.deepEqual(await postgres.leases.listExpired(10), []);
      const { expired, expiresAtMs } = await postgres.leases.expire(runId, 1);
      assert.equal(expired, false);
      assert.equal((await postgres.leases.read(runId))?.expiresAtMs, expiresAtMs);
      assert.ok(Math.abs(expiresAtMs! - Date.now() - MINUTE_MS) < 5_000);
    });

    it('is over for a lease when its time has passed since', async () => {
      await grant('r1');
      await ageLease(5 * MINUTE_MS);
      await setLiveness(2 * MINUTE_MS, 0);
      assert.equal((await postgres.leases.expire(runId, 1)).expired, true);
    });

    it('lets no lease end while nobody accepts renewals', async () => {
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      await setLiveness(10 * MINUTE_MS, 2 * GAP_MS);
      assert.deepEqual(await postgres.leases.listExpired(10), []);
      assert.equal((await postgres.leases.expire(runId, 1)).expired, false);
    });

    it('is not what a beat in time tells', async () => {
      await setLiveness(10 * MINUTE_MS, GAP_MS - 2_000);
      await postgres.leases.beat(GAP_MS);
      await grant('r1');
      await ageLease(2 * MINUTE_MS);
      assert.equal((await postgres.leases.expire(runId, 1)).expired, true);
    });
  });

  describe('silence', () => {
    const silence = async () => (await postgres.leases.silenceMs(runId))!;
    const ageLastEvent = async (ms: number) => {
      await postgres.events.append({ runId, fence: null, producer: 'r1', events: [{ type: 'plan', payload: {} }] });
      await database.query(
        `UPDATE run_streams SET last_event_at = last_event_at - $2 * interval '1 ms' WHERE run_id = $1`,
        [runId, ms],
      );
    };
    const assertAbout = (ms: number, expectedMs: number) =>
      assert.ok(ms >= expectedMs && ms < expectedMs + 5_000, `${ms}`);

    it('is counted from the last event', async () => {
      await ageLastEvent(2 * MINUTE_MS);
      assertAbout(await silence(), 2 * MINUTE_MS);
      await ageLastEvent(0);
      assertAbout(await silence(), 0);
    });

    it('is counted from the end of an outage of ours', async () => {
      await ageLastEvent(8 * MINUTE_MS);
      await setLiveness(MINUTE_MS, 0);
      assertAbout(await silence(), MINUTE_MS);
      await setLiveness(10 * MINUTE_MS, 2 * GAP_MS);
      await postgres.leases.beat(GAP_MS);
      assertAbout(await silence(), 0);
    });

    it('is none while nobody could take an event', async () => {
      await ageLastEvent(8 * MINUTE_MS);
      await setLiveness(10 * MINUTE_MS, 2 * GAP_MS);
      assert.equal(await silence(), 0);
    });

    it('of a run without events is no longer than events could come', async () => {
      await setLiveness(MINUTE_MS, 0);
      assertAbout(await silence(), MINUTE_MS);
    });

    it('is unknown of a run that does not exist', async () => {
      assert.equal(await postgres.leases.silenceMs('run_doesnotexist'), null);
    });
  });

  describe('the time for which the API was there', () => {
    it('counts from the end of its last outage, and not while it is away', async () => {
      await setLiveness(MINUTE_MS, 0);
      const ms = await postgres.leases.acceptingMs();
      assert.ok(ms >= MINUTE_MS && ms < MINUTE_MS + 5_000, `${ms}`);
      await setLiveness(10 * MINUTE_MS, 2 * GAP_MS);
      assert.equal(await postgres.leases.acceptingMs(), 0);
    });
  });

  describe('revoke', () => {
    it('ends an attempt whose lease lives, once', async () => {
      await grant('r1');
      await postgres.leases.revoke(runId, 1);
      await postgres.leases.revoke(runId, 1);
      assert.deepEqual(await postgres.leases.read(runId), {
        attempt: 2,
        runnerId: null,
        alive: false,
        expiresAtMs: null,
        renewedAtMs: null,
        isOver: false,
        ended: false,
      });
    });

    it('ends an attempt that nobody claimed', async () => {
      await postgres.leases.revoke(runId, 1);
      assert.equal(await grant('late', { attempt: 1 }), undefined);
    });

    it('changes nothing of a run that has ended', async () => {
      await postgres.runs.projectRun(runSnapshot(runId, { version: 2, status: 'failed', terminalStatus: 'failed' }));
      await postgres.leases.revoke(runId, 1);
      const { attempt, runnerId, ended } = (await postgres.leases.read(runId))!;
      assert.deepEqual({ attempt, runnerId, ended }, { attempt: 1, runnerId: null, ended: true });
    });
  });

  it('lists expired leases oldest first, up to the limit', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      runId = await openRun(postgres);
      ids.push(runId);
      await grant('r1');
      await ageLease((10 - i) * MINUTE_MS);
    }
    const listed = await postgres.leases.listExpired(3);
    assert.deepEqual(
      listed.map((lease) => lease.runId),
      ids.slice(0, 3),
    );
  });

  it('reads nothing of a run that does not exist', async () => {
    assert.equal(await postgres.leases.read('run_doesnotexist'), undefined);
  });
});
