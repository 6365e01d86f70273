import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TemporalDevServer } from '../../temporal-dev/dev-server.js';
import { Api, eventually } from '../support/api.js';
import { startTemporalServer } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const PATH = '/api/v1/queue/schedules';
const TASK = { tenantId: 'acme', projectId: 'p', backendProfile: 'exec', prompt: 'true' };
/** A refused connection is found in 1.5 s; the rest is for a busy machine. */
const SOON_MS = 6_000;

describe('schedules while Temporal is down', function () {
  this.timeout(120_000);
  let folder: string;
  let temporal: TemporalDevServer;
  let manager: TestManager;
  let api: Api;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agentrun-schedules-'));
    temporal = await startTemporalServer(folder);
    manager = await startTestManager({}, { temporal: { address: temporal.address, namespace: 'default' } });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    await manager.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function isRefused(method: string, path: string, body?: unknown): Promise<void> {
    const beganAt = Date.now();
    const { status, body: answer } = await api.request(method, path, body);
    assert.deepEqual([status, answer.failureKind], [503, 'infra-failed'], `${method} ${path}`);
    assert.ok(Date.now() - beganAt < SOON_MS, `${method} ${path} took ${Date.now() - beganAt} ms`);
  }

  it('say so soon, and are what was asked for once it is back and somebody asks again', async () => {
    const kept = { scheduleId: 'kept', cron: '@daily', task: TASK };
    const late = { scheduleId: 'late', cron: '@weekly', task: TASK };
    await api.post(PATH, kept);
    process.kill(temporal.pid, 'SIGKILL');
    await isRefused('POST', PATH, late);
    await isRefused('GET', `${PATH}/kept`);
    await isRefused('GET', PATH);
    await isRefused('PATCH', `${PATH}/kept`, { paused: true });
    await isRefused('DELETE', `${PATH}/kept`);
    assert.equal((await api.request('GET', `${PATH}/late`)).status, 404, 'what nobody took is not there');
    temporal = await startTemporalServer(folder, Number(temporal.address.split(':')[1]));
    const { body } = await eventually(
      async () => api.request('GET', `${PATH}/kept`),
      ({ status }) => status === 200,
      60_000,
    );
    assert.equal(body.data.state, 'active');
    assert.equal((await api.patch(`${PATH}/kept`, { paused: true })).state, 'paused');
    const otherWords = { ...late, cron: '@monthly' };
    assert.deepEqual((await api.post(PATH, otherWords)).cron, '@monthly');
    assert.deepEqual(await api.post(PATH, otherWords), await api.get(`${PATH}/late`));
    await api.ok('DELETE', `${PATH}/kept`);
  });
});
