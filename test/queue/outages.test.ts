import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import type { TemporalDevServer } from '../../temporal-dev/dev-server.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { startTemporalServer } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const TASKS = '/api/v1/queue/tasks';
const EXEC = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', prompt: 'true' };

describe('tasks whose workflow is gone from Temporal', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  let temporal: TemporalLink;

  before(async () => {
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    temporal = connectTemporal(manager.temporal);
  });

  after(async () => {
    await temporal.close();
    await manager.stop();
  });

  const lose = async () => {
    const { id } = await api.post(TASKS, EXEC);
    await temporal.client.workflow.getHandle(`task:${id}`).terminate('a test loses it');
    return id as string;
  };

  it('are told so by who cancels or refreshes them, and can be dispatched again', async () => {
    for (const what of ['cancel', 'refresh']) {
      const id = await lose();
      const { state, failureKind, failureMessage, unread } = await api.post(`${TASKS}/${id}/${what}`);
      assert.deepEqual([state, failureKind, unread], ['failed', 'infra-failed', true]);
      assert.match(failureMessage, /gone from Temporal/);
      await api.post(`${TASKS}/${id}/dispatch`);
      const again = await eventually(
        async () => api.get(`${TASKS}/${id}`),
        ({ phase }) => phase === 'ended',
        60_000,
      );
      assert.deepEqual([again.state, again.latestAttempt.attempt], ['completed', 1]);
    }
  });

  it('begin anew when they are dispatched', async () => {
    const id = await lose();
    await api.post(`${TASKS}/${id}/dispatch`);
    const task = await eventually(
      async () => api.get(`${TASKS}/${id}`),
      ({ phase }) => phase === 'ended',
      60_000,
    );
    assert.equal(task.state, 'completed');
  });
});

describe('while Temporal is down', function () {
  this.timeout(120_000);
  let folder: string;
  let temporal: TemporalDevServer;
  let manager: TestManager;
  let api: Api;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-queue-down-'));
    temporal = await startTemporalServer(folder);
    manager = await startTestManager({}, { temporal: { address: temporal.address, namespace: 'default' } });
    api = new Api(manager.url, manager.operatorToken);
  });

  after(async () => {
    await manager.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const refused = async (method: string, path: string, body: Loose = {}) => {
    const askedAt = Date.now();
    const answer = await api.request(method, path, body);
    assert.deepEqual([answer.status, answer.body.failureKind], [503, 'infra-failed'], JSON.stringify(answer.body));
    assert.ok(Date.now() - askedAt < 5_000, `it took ${Date.now() - askedAt} ms to say so`);
  };

  it('tasks are read, nothing is promised, and what was asked with a key goes on afterwards as one task', async () => {
    const { id } = await api.post(TASKS, EXEC);
    process.kill(temporal.pid, 'SIGKILL');
    const asked = { ...EXEC, queue: 'later', idempotencyKey: randomUUID() };
    await refused('POST', TASKS, asked);
    await refused('POST', `${TASKS}/${id}/dispatch`);
    await refused('POST', `${TASKS}/${id}/cancel`);
    await refused('PUT', '/api/v1/queue/queues/later', { concurrency: 2 });
    assert.equal((await api.get(`${TASKS}/${id}`)).state, 'pending');
    assert.deepEqual((await api.get(`${TASKS}?queue=later`)).items, []);
    assert.equal((await api.get('/api/v1/queue/stats?queue=later')).counts.pending, 0);
    await api.get('/api/v1/queue/commander');

    temporal = await startTemporalServer(folder, Number(temporal.address.split(':')[1]));
    await eventually(
      async () => api.request('GET', '/health/readiness'),
      ({ status }) => status === 200,
    );
    const made = await eventually(
      async () => api.request('POST', TASKS, asked),
      ({ status }) => status === 200,
    );
    assert.equal((await api.post(TASKS, asked)).id, made.body.data.id);
    assert.equal((await api.get(`${TASKS}?queue=later`)).items.length, 1);
    await api.post(`${TASKS}/${id}/dispatch`);
    const task = await eventually(
      async () => api.get(`${TASKS}/${id}`),
      ({ phase }) => phase === 'ended',
      60_000,
    );
    assert.equal(task.state, 'completed');
  });
});
