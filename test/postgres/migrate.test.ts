import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.js';
import { createEmptyDatabase } from '../support/database.js';

describe('migrate', () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let client: pg.Client;

  beforeEach(async () => {
    database = await createEmptyDatabase();
    client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  const tables = async () =>
    (
      await client.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
      )
    ).rows.map((row) => row.name);

  it('brings an empty database up to date, and does nothing the second time', async () => {
    const ran = await migrate({ connectionString: database.connectionString });
    assert.ok(ran.length >= 4);
    assert.deepEqual(ran, [...ran].sort());
    assert.ok((await tables()).includes('run_events'));
    assert.deepEqual(await migrate({ connectionString: database.connectionString }), []);
  });

  it('runs each migration once when processes start together', async () => {
    const { connectionString } = database;
    const ran = await Promise.all([1, 2, 3].map(() => migrate({ connectionString })));
    assert.equal(ran.filter((names) => names.length > 0).length, 1);
  });

  it('leaves nothing when one of them fails', async () => {
    await client.query('CREATE TABLE runner_jobs (in_the_way int)');
    await assert.rejects(migrate({ connectionString: database.connectionString }), /runner_jobs/);
    assert.deepEqual(
      (await tables()).filter((name) => name !== 'migrations'),
      ['runner_jobs'],
    );
  });
});
