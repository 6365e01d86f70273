import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { Database } from '../../src/postgres/pool.js';
import { countStatements } from '../support/count-statements.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openRun } from '../support/runs.js';

const MINUTE_MS = 60_000;

describe('leases that many runners renew at once', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });

  after(async () => {
    await postgres.close();
    await database.drop();
  });

  let runs: string[];

  const renewAll = async (given: { of?: string[]; runnerId?: string; attempt?: number } = {}) =>
    Promise.allSettled(
      (given.of ?? runs).map(async (one) =>
        postgres.leases.renew({ runId: one, runnerId: 'r1', attempt: 1, leaseMs: 2 * MINUTE_MS, ...given }),
      ),
    );

  beforeEach(async () => {
    runs = await Promise.all(Array.from({ length: 30 }, async () => openRun(postgres)));
    for (const one of runs) await postgres.leases.grant({ runId: one, attempt: 1, runnerId: 'r1', leaseMs: MINUTE_MS });
  });

  it('cost a few statements, and each is answered with its own run', async () => {
    let settled: Awaited<ReturnType<typeof renewAll>> = [];
    const statements = await countStatements(async () => {
      settled = await renewAll();
    });
    assert.ok(statements <= 5, `${statements} statements`);
    const answered = settled.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
    assert.deepEqual(
      answered.map((renewed) => renewed?.id),
      runs,
    );
    for (const renewed of answered)
      assert.deepEqual(renewed, { ...(await postgres.runs.getRun(renewed!.id, 'all')), cancelCommandIds: [] });
  });

  it('are refused where the fence does not hold, each for its own reason, and no others', async () => {
    await postgres.leases.revoke(runs[3]!, 1);
    const asked = runs.toSpliced(7, 1, 'run_doesnotexist');
    const settled = await renewAll({ of: asked });
    const failed = settled.flatMap((one, at) => (one.status === 'rejected' ? [[at, one.reason] as const] : []));
    assert.deepEqual(
      failed.map(([at, reason]) => [at, reason.failureKind]),
      [
        [3, 'lease-lost'],
        [7, 'schema-invalid'],
      ],
    );
    const others = await renewAll({ runnerId: 'r2' });
    assert.ok(others.every((one) => one.status === 'rejected'));
  });

  it('may be of the same run', async () => {
    const settled = await renewAll({ of: [...runs, ...runs, runs[0]!] });
    assert.ok(settled.every((one) => one.status === 'fulfilled'));
  });

  it('wait for no row that somebody else holds but their own', async () => {
    const own = new Database({ connectionString: database.connectionString, maxConnections: 1 });
    const held = runs[5]!;
    let waiting: Promise<unknown> = Promise.resolve();
    await own.transaction(async (transaction) => {
      await transaction.query('SELECT FROM run_leases WHERE run_id = $1 FOR UPDATE', [held]);
      const renewals = runs.map(async (one) =>
        postgres.leases.renew({ runId: one, runnerId: 'r1', attempt: 1, leaseMs: MINUTE_MS }),
      );
      waiting = renewals[5]!;
      await Promise.all(renewals.filter((one) => one !== waiting));
      assert.equal(await Promise.race([waiting, Promise.resolve('still waiting')]), 'still waiting');
    });
    await waiting;
    await own.close();
  });
});
