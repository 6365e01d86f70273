import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { sessionVolumeName } from '../../src/domain/volume-names.js';
import { openPostgres } from '../../src/postgres/index.js';
import { migrate } from '../../src/postgres/migrate.js';
import { createEmptyDatabase } from '../support/database.js';
import { withNextMigrations } from '../support/next-migrations.js';

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
    const once = ran.flat().sort();
    assert.ok(once.length >= 4);
    assert.deepEqual(once, [...new Set(once)]);
  });

  it('makes sessions of the runs that are there, with the volumes they were given', async () => {
    const quiet = () => undefined;
    const logger = { info: quiet, warn: quiet, error: quiet };
    const dir = 'src/postgres/migrations';
    const table = { migrationsTable: 'migrations', ignorePattern: '(?!.*\\.sql$).*' };
    const databaseUrl = database.connectionString;
    await runner({ databaseUrl, dir, direction: 'up', count: 6, logger, ...table });
    const insert = (id: string, sessionId: string, given: { opened?: boolean; ended?: boolean } = {}) =>
      client.query(
        `INSERT INTO runs (id, tenant_id, project_id, backend_profile, workspace_ref, execution_policy, retry_policy, metadata,
           workflow_id, trace_id, session_id, opened_at, terminal_status)
         VALUES ($1, 'acme', 'shop', 'exec', '{}', '{}', '{}', '{}', 'w', 't', $2, $3, $4)`,
        [id, sessionId, given.opened === false ? null : new Date(), given.ended ? 'completed' : null],
      );
    const long = `Über--long:Id._${'x'.repeat(60)}`.replace('Ü', 'U');
    await insert('run_1', long, { ended: true });
    await insert('run_2', long);
    await insert('run_3', long, { opened: false });
    await insert('run_4', 'ended-', { ended: true });
    await insert('run_5', 'drafted', { opened: false });
    await client.query(
      `INSERT INTO runner_jobs (id, run_id, attempt, attempt_id, runner_id, job_name, namespace, overrides)
       SELECT id, id, 1, 'attempt-1', id, id, 'local', '{}' FROM runs WHERE id IN ('run_1', 'run_2', 'run_4')`,
    );
    await migrate({ connectionString: database.connectionString });
    const { rows } = await client.query(
      `SELECT id, execution_state, active_run_id, last_run_id, terminal_status, storage_state, storage_name FROM sessions ORDER BY id COLLATE "C"`,
    );
    const volume = (sessionId: string) => sessionVolumeName(sessionId);
    assert.deepEqual(
      rows.map((row: object) => Object.values(row) as unknown[]),
      [
        [long, 'pending', 'run_2', 'run_2', null, 'pvc', volume(long)],
        ['drafted', 'idle', null, null, null, 'none', null],
        ['ended-', 'terminal', null, 'run_4', 'completed', 'pvc', volume('ended-')],
      ],
    );
  });

  describe('while others use the tables', () => {
    const LONG_MS = 2_500;
    let next: Awaited<ReturnType<typeof withNextMigrations>>;

    before(async () => {
      next = await withNextMigrations(['ALTER TABLE runs ADD COLUMN of_the_next_version text;']);
    });
    after(async () => next.remove());
    beforeEach(async () => {
      await migrate({ connectionString: database.connectionString });
      // As a dump does it, or a report that takes long.
      await client.query('BEGIN');
      await client.query('SELECT count(*) FROM runs');
    });

    it('gives way to them as often as it takes, so that nobody waits behind it until their statement is given up', async () => {
      const { connectionString } = database;
      const other = openPostgres({ connectionString, queryTimeoutMs: 30_000 });
      let isDone = false;
      const migrated = migrate({ connectionString, directory: next.directory }).finally(() => (isDone = true));
      const waits: number[] = [];
      for (const endsAt = Date.now() + LONG_MS; Date.now() < endsAt;) {
        const askedAt = Date.now();
        await other.runs.getRun('run_000000000', 'all');
        waits.push(Date.now() - askedAt);
      }
      assert.equal(isDone, false);
      assert.ok(Math.max(...waits) > 200, `nobody met it: ${Math.max(...waits)} ms`);
      await client.query('COMMIT');
      assert.deepEqual(await migrated, next.names);
      await other.close();
    });

    it('gives up at last, with the words of PostgreSQL', async () => {
      const { connectionString } = database;
      const tried = migrate({ connectionString, directory: next.directory, patienceMs: 0 });
      await assert.rejects(tried, /lock timeout/);
    });
  });

  it('of a version that knows less finds nothing to do', async () => {
    const { connectionString } = database;
    const next = await withNextMigrations(['CREATE TABLE of_the_next_version (id text);']);
    await migrate({ connectionString, directory: next.directory });
    await next.remove();
    assert.deepEqual(await migrate({ connectionString }), []);
  });

  it('leaves nothing of one that fails, and goes on there when it can', async () => {
    const { connectionString } = database;
    await client.query('CREATE TABLE warm_pool_failures (in_the_way int)');
    await assert.rejects(migrate({ connectionString }), /warm_pool_failures/);
    const left = await tables();
    assert.deepEqual([left.includes('run_events'), left.includes('warm_runners')], [true, false]);
    await client.query('DROP TABLE warm_pool_failures');
    const [goesOnAt] = await migrate({ connectionString });
    assert.equal(goesOnAt, '0016_warm_runners');
  });
});
