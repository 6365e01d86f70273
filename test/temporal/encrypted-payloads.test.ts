import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../scripts/project-root.js';
import { readPayloadKeys } from '../../src/config/payload-settings.js';
import { readSettings } from '../../src/config.js';
import { dataConverter } from '../../src/temporal/data-converter.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { decoded } from '../support/histories/scrub.js';
import { temporalCli } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const OLD = `old:${randomBytes(24).toString('hex')}`;
const NEW = `new:${randomBytes(24).toString('hex')}`;

describe('an installation that encrypts what Temporal keeps', function () {
  this.timeout(180_000);
  let manager: TestManager;
  let api: Api;
  let temporal: Client;

  /** Another manager over the same data, with these keys. */
  async function restart(keys: string, more: Record<string, string> = {}): Promise<void> {
    const { database, dataDir } = manager;
    await manager.leave();
    const settings = { AGENTRUN_PAYLOAD_KEYS: keys, ...more };
    manager = await startTestManager(settings, { database, dataDir, temporal: manager.temporal, keys: manager.keys });
    api = new Api(manager.url, manager.operatorToken);
  }

  before(async () => {
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    const { address, namespace } = manager.temporal;
    temporal = new Client({ connection: await Connection.connect({ address }), namespace });
  });
  after(async () => {
    await temporal.connection.close();
    await manager.stop();
  });

  const historyOf = async (workflowId: string): Promise<string> =>
    historyToJSON(await temporal.workflow.getHandle(workflowId).fetchHistory());

  const ended = async (path: string) =>
    eventually(
      async () => api.get(path),
      (record: Loose) => ['completed', 'failed'].includes(record.state ?? record.status),
    );

  /** What anybody reads who looks into Temporal: payloads but for headers and search attributes. */
  function clearPayloads(history: string): string[] {
    const found: string[] = [];
    const visit = (node: Loose, key: string): void => {
      if (typeof node !== 'object' || node === null || ['searchAttributes', 'header'].includes(key)) return;
      if (
        typeof node.data === 'string' &&
        Buffer.from(node.metadata?.encoding ?? '', 'base64').toString() !== 'binary/encrypted'
      )
        found.push(Buffer.from(node.data, 'base64').toString());
      for (const [name, inner] of Object.entries(node)) visit(inner, name);
    };
    visit(JSON.parse(history), '');
    return found;
  }

  it('goes on with a run that began before, and so when the key is replaced', async () => {
    const run = await api.createRun();
    const runner = await ForeignRunner.claim(api, run.id, { leaseMs: 600_000 });
    assert.notDeepEqual(clearPayloads(await historyOf(run.workflowId)), []);
    await restart(OLD);
    const first = await api.addTurn(run.id, 'one');
    await restart(`${NEW},${OLD}`);
    const second = await api.addTurn(run.id, 'two');
    const by = new Api(manager.url, manager.operatorToken);
    for (const { id } of [first, second]) {
      await by.post(`/api/v1/commands/${id}/ack`);
      await by.patch(`/api/v1/commands/${id}/status`, { terminalStatus: 'completed' });
    }
    await by.patch(`/api/v1/runs/${run.id}/status`, { terminalStatus: 'completed', runnerId: runner.runnerId });
    assert.equal((await ended(`/api/v1/runs/${run.id}`)).status, 'completed');
    const names = [...(await historyOf(run.workflowId)).matchAll(/"encryption-key-id": ?"([^"]+)"/g)];
    const used = new Set(names.map(([, name = '']) => Buffer.from(name, 'base64').toString()));
    assert.deepEqual([...used].sort(), ['new', 'old']);
    // Decided again from its history, in the clear and encrypted with both keys, it comes to the same.
    await replays(await historyOf(run.workflowId), run.workflowId);
  });

  async function replays(history: string, workflowId: string): Promise<void> {
    const keys = readPayloadKeys(readSettings({ AGENTRUN_PAYLOAD_KEYS: `${NEW},${OLD}` }));
    const workflowBundle = { codePath: join(projectRoot, 'dist/workflow-bundle.js') };
    const options = { workflowBundle, dataConverter: dataConverter(keys) };
    await Worker.runReplayHistory(options, JSON.parse(history), workflowId);
  }

  it('replays what was recorded in the clear', async () => {
    await replays(await readFile(join(projectRoot, 'test/histories/one-turn-completed.json'), 'utf8'), 'recorded');
  });

  it('keeps nothing readable of a run, a session, a task and a schedule in their histories', async () => {
    const word = `planted-${randomBytes(9).toString('hex')}`;
    const body = { tenantId: 'acme', projectId: word, backendProfile: 'exec' };
    const session = await api.post('/api/v1/sessions/planted/send', { prompt: `echo ${word}`, run: body });
    const task = await api.post('/api/v1/queue/tasks', {
      ...body,
      prompt: `echo ${word}`,
      title: word,
      autoDispatch: true,
    });
    const schedule = { scheduleId: 'hourly', cron: '@hourly', task: { ...body, prompt: word } };
    await api.post('/api/v1/queue/schedules', schedule);
    assert.equal((await api.get('/api/v1/queue/schedules/hourly')).nextTimes.length > 0, true);
    assert.equal((await ended(`/api/v1/queue/tasks/${task.id}`)).state, 'completed');
    await api.post(`/api/v1/runs/${session.run.id}/cancel`, { reason: word });
    await eventually(
      async () => api.get(`/api/v1/runs/${session.run.id}`),
      ({ terminalStatus }: Loose) => terminalStatus !== null,
    );
    const { runId, runnerJobId } = (await api.get(`/api/v1/queue/tasks/${task.id}`)).latestAttempt;
    const { runnerId } = await api.get(`/api/v1/runs/${runId}/runner-jobs/${runnerJobId}`);
    const workflowIds = [session.run.workflowId, `task:${task.id}`, `run:${runId}`];
    for (const workflowId of workflowIds) {
      const history = await historyOf(workflowId);
      assert.deepEqual(clearPayloads(history), [], workflowId);
      for (const secret of [word, runnerId]) assert.ok(!decoded(history).includes(secret), `${workflowId} ${secret}`);
    }
  });

  describe('to those who may read it all the same', () => {
    const UI = 'https://temporal.example.com';
    const CODEC = '/api/v1/temporal/codec';
    let run: Loose;

    before(async () => {
      await restart(NEW, { AGENTRUN_TEMPORAL_UI_URL: `${UI}/namespaces` });
      run = await api.createRun();
    });

    it('is shown by the temporal program, which asks the API for it', async () => {
      const { path } = await temporalCli();
      const { address, namespace } = manager.temporal;
      const show = ['workflow', 'show', '--workflow-id', run.workflowId, '--output', 'json'];
      const codec = ['--codec-endpoint', `${manager.url}${CODEC}`, '--codec-auth', `Bearer ${manager.operatorToken}`];
      const where = ['--address', address, '--namespace', namespace];
      const [sealed, opened] = await Promise.all(
        [[], codec].map(async (more) => (await promisify(execFile)(path, [...show, ...where, ...more])).stdout),
      );
      assert.deepEqual(clearPayloads(sealed!), []);
      assert.ok(clearPayloads(opened!).some((text) => text.includes(run.id)));
    });

    it('tells which cannot be opened, and not why in words of its writer', async () => {
      const history: Loose = JSON.parse(await historyOf(run.workflowId));
      const [payload] = history.events[0].workflowExecutionStartedEventAttributes.input.payloads;
      const { body: opened } = await api.request('POST', `${CODEC}/decode`, { payloads: [payload] });
      assert.equal(JSON.parse(Buffer.from(opened.payloads[0].data, 'base64').toString()).runId, run.id);
      const clear = { metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'MQ==' };
      const torn = { ...payload, data: Buffer.from('torn').toString('base64') };
      const { status, body } = await api.request('POST', `${CODEC}/decode`, { payloads: [clear, torn] });
      assert.deepEqual([status, body.error.details.field], [400, 'payloads/1']);
      assert.deepEqual((await api.request('POST', `${CODEC}/decode`, { payloads: [clear] })).body, {
        payloads: [clear],
      });
    });

    it('may be asked for by pages of the Temporal UI, and of no other origin', async () => {
      const ask = async (origin: string, path: string) =>
        fetch(manager.url + path, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization,content-type,x-namespace',
          },
        });
      const granted = await ask(UI, `${CODEC}/decode`);
      assert.deepEqual(
        ['origin', 'methods', 'headers'].map((what) => granted.headers.get(`access-control-allow-${what}`)),
        [UI, 'POST', 'authorization,content-type,x-namespace'],
      );
      for (const [origin, path] of [
        ['https://elsewhere.example.com', `${CODEC}/decode`],
        [UI, '/api/v1/runs'],
      ] as const)
        assert.equal((await ask(origin, path)).headers.get('access-control-allow-origin'), null);
      const refused = await fetch(`${manager.url}${CODEC}/decode`, { method: 'POST', headers: { origin: UI } });
      assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, UI]);
    });
  });

  it('is explained as any other, and goes on in the clear where it is told to encrypt no more', async () => {
    const run = await api.createRun();
    await ForeignRunner.claim(api, run.id);
    const { timeline } = await api.get(`/api/v1/runs/${run.id}/explain`);
    assert.match(JSON.stringify(timeline), /its next look is “lease backstop”/);
    await restart(`${NEW},${OLD}`, { AGENTRUN_PAYLOAD_ENCRYPTION: 'decrypt-only' });
    await api.post(`/api/v1/runs/${run.id}/cancel`);
    const over = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ terminalStatus }: Loose) => terminalStatus !== null,
    );
    assert.equal(over.status, 'cancelled');
    assert.notDeepEqual(clearPayloads(await historyOf(run.workflowId)), []);
  });
});
