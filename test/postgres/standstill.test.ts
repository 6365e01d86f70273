import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { migrate } from '../../src/postgres/migrate.js';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.js';
import { openRun } from '../support/runs.js';

const QUERY_TIMEOUT_MS = 500;

/** Nothing of this process runs meanwhile; the server does. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a process that stood still', () => {
  let server: PostgresServer;
  let postgres: Postgres;
  let runId: string;

  before(async () => {
    server = await startPostgresServer();
    await migrate({ connectionString: server.connectionString });
    const patient = openPostgres({ connectionString: server.connectionString, queryTimeoutMs: 30_000 });
    runId = await openRun(patient);
    await patient.close();
    postgres = openPostgres({ connectionString: server.connectionString, queryTimeoutMs: QUERY_TIMEOUT_MS });
  });

  after(async () => {
    await postgres.close();
    await server.remove();
  });

  it('reads the answers that came meanwhile before it takes the database for dead', async () => {
    await postgres.runs.getRun(runId, 'all'); // From here on a connection is idle: the next query is sent at once.
    const asked = postgres.runs.getRun(runId, 'all');
    await new Promise((resolve) => setImmediate(resolve));
    standStill(3 * QUERY_TIMEOUT_MS);
    assert.equal((await asked)?.id, runId);
  });
});
