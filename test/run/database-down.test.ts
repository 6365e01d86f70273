import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.js';
import { Api, eventually } from '../support/api.js';
import type { TestDatabase } from '../support/database.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** Longer than every lease here, and than the gap after which an outage counts as ours. */
const OUTAGE_MS = 10_000;
const LEASE_MS = 3_000;

describe('while PostgreSQL is down for longer than every lease', () => {
  let server: PostgresServer;
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    server = await startPostgresServer();
    await migrate({ connectionString: server.connectionString });
    const settings = { AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS), AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500' };
    manager = await startTestManager(settings, { database: databaseOf(server) });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async function () {
    this.timeout(60_000);
    await manager.stop();
    await server.remove();
  });

  it('answers honestly and soon; afterwards no lease was lost, and runners go on in their first attempt', async () => {
    const [worked, held] = [await api.createRun(), await api.createRun()];
    await api.addTurn(worked.id, 'for i in $(seq 30); do echo step $i; sleep 0.5; done');
    await api.post(`/api/v1/runs/${worked.id}/runner-jobs`);
    const runner = await ForeignRunner.claim(api, held.id, { leaseMs: LEASE_MS });
    await eventually(
      async () => api.events(worked.id),
      (events) => events.some(({ payload }) => payload.text?.includes('step 2')),
    );

    await server.stop();
    const downAt = Date.now();
    const askedAt = Date.now();
    const refused = await api.request('GET', `/api/v1/runs/${held.id}`);
    assert.deepEqual([refused.status, refused.body.failureKind], [503, 'infra-failed']);
    assert.ok(Date.now() - askedAt < 3_000, `it took ${Date.now() - askedAt} ms to say so`);
    assert.equal((await api.request('GET', '/health/live')).status, 200);
    const readiness = await api.request('GET', '/health/readiness');
    assert.equal(readiness.status, 503);
    assert.equal(readiness.body.error.details.database.ready, false);
    await delay(OUTAGE_MS - (Date.now() - downAt));
    await server.start();

    await eventually(
      async () => api.request('GET', '/health/readiness'),
      ({ status }) => status === 200,
    );
    assert.equal((await runner.renew(LEASE_MS)).attempt, 1, 'a lease that could not be renewed is not lost for it');
    await runner.finishRun();
    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${worked.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
      60_000,
    );
    assert.deepEqual([ended.status, ended.attempt], ['completed', 1], JSON.stringify(ended));
    const events = await api.events(worked.id);
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
  }).timeout(120_000);
});

/** The server's own database; it goes with the server. */
function databaseOf(server: PostgresServer): TestDatabase {
  return {
    connectionString: server.connectionString,
    async query(sql, values) {
      const client = new pg.Client({ connectionString: server.connectionString });
      await client.connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
    drop: async () => undefined,
  };
}
