import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { sessionVolumeName } from '../../src/domain/volume-names.js';
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

  it('leaves nothing when one of them fails', async () => {
    await client.query('CREATE TABLE runner_jobs (in_the_way int)');
    await assert.rejects(migrate({ connectionString: database.connectionString }), /runner_jobs/);
    assert.deepEqual(
      (await tables()).filter((name) => name !== 'migrations'),
      ['runner_jobs'],
    );
  });
});
