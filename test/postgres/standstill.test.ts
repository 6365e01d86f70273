import assert from 'node:assert/strict';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { Database } from '../../src/postgres/pool.js';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.js';

/** Nothing of this process runs meanwhile, as on a machine that is frozen for a moment; what is due comes before what has arrived. */
async function standStill(ms: number): Promise<void> {
  await setImmediate();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a process that stood still', () => {
  let server: PostgresServer;
  let database: Database;

  before(async () => {
    server = await startPostgresServer();
    database = new Database({ connectionString: server.connectionString, queryTimeoutMs: 1_000 });
  });

  after(async () => {
    await database.close();
    await server.remove();
  });

  it('reads the answer that came meanwhile, before it gives the server up', async () => {
    await database.query('SELECT 1');
    const asked = database.query<{ answer: string }>("SELECT 'there' AS answer FROM pg_sleep(0.3)");
    await delay(100);
    await standStill(1_500);
    assert.deepEqual((await asked).rows, [{ answer: 'there' }]);
  });

  it('goes on with a transaction that it was in', async () => {
    const rows = await database.transaction(async (transaction) => {
      const first = transaction.query('SELECT pg_sleep(0.3)');
      await delay(100);
      await standStill(1_500);
      await first;
      return (await transaction.query('SELECT 2 AS two')).rows;
    });
    assert.deepEqual(rows, [{ two: 2 }]);
  });
});
