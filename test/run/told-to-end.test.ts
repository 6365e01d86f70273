import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../src/processes/free-port.js';
import { AgentRunProcess } from '../support/agentrun-process.js';
import { Api, eventually } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestNamespace } from '../support/temporal-server.js';

const TOKEN = 'told-to-end-operator-token';

describe('a part of a manager that is told to end', function () {
  this.timeout(90_000);
  let dataDir: string;
  let database: TestDatabase;
  let settings: Record<string, string>;
  let api: Api;
  let worker: Api;

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'agentrun-ending-'));
    database = await createTestDatabase();
    const temporal = await createTestNamespace();
    const [port = 0, healthPort = 0] = await freePorts(2);
    settings = {
      AGENTRUN_DATABASE_URL: database.connectionString,
      AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
      AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
      AGENTRUN_DATA_DIR: dataDir,
      AGENTRUN_PORT: String(port),
      AGENTRUN_HEALTH_PORT: String(healthPort),
      AGENTRUN_SHUTDOWN_DELAY_MS: '15000',
      AGENTRUN_OPERATOR_TOKEN: TOKEN,
      AGENTRUN_TOKEN_KEY: randomBytes(32).toString('hex'),
    };
    api = new Api(`http://127.0.0.1:${port}`, TOKEN);
    worker = new Api(`http://127.0.0.1:${healthPort}`, undefined);
  });
  after(async () => {
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** One that has just started may be late with an answer. */
  const untilReady = async (who: Api) =>
    eventually(
      async () => who.request('GET', '/health/readiness'),
      ({ status }) => status === 200,
    );
  const refuses = async (who: Api) =>
    who.request('GET', '/health/live').then(
      () => false,
      () => true,
    );

  it('says as an API that it is not ready, goes on answering for a while, and closes then', async () => {
    const server = await AgentRunProcess.start('api', settings);
    await untilReady(api);
    const stopped = server.stop();
    const told = await eventually(
      async () => api.request('GET', '/health/readiness'),
      // A part whose answer is late counts as down.
      ({ status, body }) => status === 503 && body.error.details.database.ready === true,
    );
    assert.equal((await api.request('GET', '/health/readiness?scope=process')).status, 503);
    assert.deepEqual([told.body.error.message, told.body.error.details.ready], ['this process is about to end', false]);
    const runs = await api.request('GET', '/api/v1/runs');
    assert.deepEqual([runs.status, runs.headers.get('connection')], [200, 'close']);
    assert.equal((await api.request('GET', '/health/live')).body.data.ready, false);
    await stopped;
    assert.ok(await refuses(api));
  });

  it('says as a worker how it is where it is asked to, and nothing else', async () => {
    const process = await AgentRunProcess.start('worker', settings);
    const ready = await untilReady(worker);
    assert.deepEqual(ready.body.data.temporal, { ready: true });
    assert.equal((await worker.request('GET', '/health/live')).status, 200);
    assert.equal((await worker.request('GET', '/api/v1/runs')).status, 404);
    await process.stop();
    assert.ok(await refuses(worker));
  });
});
