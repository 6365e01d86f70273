import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import pg from 'pg';
import { AgentRunError } from '../../src/domain/errors.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { migrate } from '../../src/postgres/migrate.js';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.js';
import { openRun, runDraft, runSnapshot } from '../support/runs.js';

/** The promise is about two seconds; the rest is for a machine that is busy with other tests. */
const PROMISE_MS = 2_000;
const SLACK_MS = 6_000;

function isUnavailable(error: unknown): true {
  assert.ok(error instanceof AgentRunError, String(error));
  assert.deepEqual(
    [error.failureKind, error.refusal, error.details],
    ['infra-failed', 'unavailable', { part: 'database' }],
  );
  return true;
}

describe('a PostgreSQL that cannot be reached', () => {
  let server: PostgresServer;
  let postgres: Postgres;
  let runId: string;

  before(async () => {
    server = await startPostgresServer();
    await migrate({ connectionString: server.connectionString });
    postgres = openPostgres({ connectionString: server.connectionString });
    runId = await openRun(postgres);
  });

  let hanging: number[] = [];

  /** Stops the server and all its backends in their tracks: connections stay open, nobody answers. */
  async function hang(): Promise<void> {
    const client = new pg.Client({ connectionString: server.connectionString });
    await client.connect();
    process.kill(server.pid, 'SIGSTOP'); // It starts no further backend from here on.
    const { rows } = await client.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
    );
    await client.end();
    hanging = [server.pid, ...rows.map((row) => row.pid)];
    for (const pid of hanging) process.kill(pid, 'SIGSTOP');
  }

  function goOn(): void {
    for (const pid of hanging) process.kill(pid, 'SIGCONT');
    hanging = [];
  }

  afterEach(goOn);

  after(async () => {
    await postgres.close();
    await server.remove();
  });

  const calls = (): Record<string, () => Promise<unknown>> => ({
    getRun: () => postgres.runs.getRun(runId, 'all'),
    listRuns: () => postgres.runs.listRuns({ tenants: 'all', limit: 5 }),
    draftRun: () =>
      postgres.runs.draftRun(runDraft(), { tenantId: 't', route: 'r', key: `${Math.random()}`, bodyHash: 'h' }),
    projectRun: () => postgres.runs.projectRun(runSnapshot(runId, { version: 2 })),
    append: () =>
      postgres.events.append({ runId, fence: null, producer: 'p', events: [{ type: 'plan', payload: {} }] }),
    page: () => postgres.events.page({ runId, afterSeq: 0, limit: 5 }),
    renew: () => postgres.leases.renew({ runId, runnerId: 'r1', leaseMs: 1_000 }),
    // These go together in a few statements: each of them must be told in time all the same.
    renewals: async () => {
      const renew = async (of: number) =>
        postgres.leases.renew({ runId: `${runId}${of}`, runnerId: 'r1', leaseMs: 1_000 });
      const settled = await Promise.allSettled(Array.from({ length: 40 }, (_, of) => renew(of)));
      for (const one of settled) assert.ok(one.status === 'rejected' && isUnavailable(one.reason));
      throw (settled[0] as PromiseRejectedResult).reason;
    },
    beat: () => postgres.leases.beat(5_000),
    expire: () => postgres.leases.expire(runId, 1),
    job: () => postgres.jobs.get('rjob_x'),
  });

  async function allUnavailable(): Promise<void> {
    const from = performance.now();
    await Promise.all(
      Object.entries(calls()).map(async ([name, call]) => {
        await assert.rejects(call(), isUnavailable, name);
        assert.ok(performance.now() - from < PROMISE_MS + SLACK_MS, `${name} took ${performance.now() - from} ms`);
      }),
    );
    assert.equal((await postgres.ready()).ready, false);
  }

  async function untilReady(): Promise<void> {
    while (!(await postgres.ready()).ready) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(await postgres.runs.getRun(runId, 'all'));
  }

  it('is said at once while it is stopped, and forgotten once it is back', async () => {
    await postgres.runs.getRun(runId, 'all');
    await server.stop();
    await allUnavailable();
    await server.start();
    await untilReady();
  });

  it('is said in time while it hangs, however many ask', async () => {
    await untilReady();
    await hang();
    await allUnavailable();
    await allUnavailable();
    goOn();
    await untilReady();
  }).timeout(60_000);

  it('is said when it has no connection left to give', async () => {
    const one = openPostgres({ connectionString: server.connectionString, maxConnections: 1 });
    const other = new pg.Client({ connectionString: server.connectionString });
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM run_streams WHERE run_id = $1 FOR UPDATE', [runId]);
    const append = () =>
      one.events.append({ runId, fence: null, producer: 'p', events: [{ type: 'plan', payload: {} }] });
    const from = performance.now();
    const results = await Promise.allSettled([append(), one.runs.getRun(runId, 'all')]);
    assert.ok(performance.now() - from < PROMISE_MS + SLACK_MS);
    for (const result of results) assert.ok(result.status === 'rejected' && isUnavailable(result.reason));
    await other.query('ROLLBACK');
    await other.end();
    assert.ok(await one.runs.getRun(runId, 'all'));
    await one.close();
  });

  it('leaves no half of a transaction behind when its connection dies in the middle', async () => {
    const blocker = new pg.Client({ connectionString: server.connectionString });
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM run_leases WHERE run_id = $1 FOR UPDATE', [runId]);
    const before = await postgres.runs.getRun(runId, 'all');
    const projecting = assert.rejects(
      postgres.runs.projectRun(runSnapshot(runId, { version: 50, status: 'running' })),
      isUnavailable,
    );
    // Its run row is written by then: it waits for the lease row.
    let killed = 0;
    while (killed === 0) {
      const { rowCount } = await blocker.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      killed = rowCount ?? 0;
    }
    await projecting;
    await blocker.query('ROLLBACK');
    await blocker.end();
    assert.deepEqual(await postgres.runs.getRun(runId, 'all'), before);
  });

  it('does not end the process when idle connections are cut', async () => {
    await Promise.all([1, 2, 3].map(() => postgres.runs.getRun(runId, 'all')));
    const killer = new pg.Client({ connectionString: server.connectionString });
    await killer.connect();
    await killer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
    );
    await killer.end();
    await untilReady();
  });
});
