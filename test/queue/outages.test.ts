import { WorkflowNotFoundError } from '@temporalio/common';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { unavailable } from '../../src/domain/errors.js';
import type { RunnerPlatform } from '../../src/ports/runner-platform.js';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { gate } from '../support/run-scenes.js';
import { withParts } from '../support/with-parts.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { TemporalDown } from '../support/temporal-down.js';
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

describe('a task whose run is gone from Temporal before a runner claimed it', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  let temporal: TemporalLink;
  let room = true;

  before(async () => {
    const platform = (real: RunnerPlatform): RunnerPlatform => {
      const launch: RunnerPlatform['launch'] = async (wanted) => {
        if (!room) throw unavailable('platform');
        return real.launch(wanted);
      };
      return withParts(real, { launch });
    };
    manager = await startTestManager({}, { platform });
    api = new Api(manager.url, manager.operatorToken);
    temporal = connectTemporal(manager.temporal);
  });

  after(async () => {
    await temporal.close();
    await manager.stop();
  });

  const until = async (id: string, satisfies: (task: Loose) => boolean) =>
    eventually(async () => api.get(`${TASKS}/${id}`), satisfies, 60_000);

  for (const [what, sessionRef] of [
    ['of its own', null],
    ['of its session', { sessionId: 'lost' }],
  ] as const) {
    it(`learns it when it is asked to look, and tries again: a run ${what}`, async () => {
      room = false;
      const { id } = await api.post(TASKS, { ...EXEC, sessionRef, autoDispatch: true, retryPolicy: { backoffMs: 0 } });
      const { latestAttempt } = await until(id, (task) => typeof task.latestAttempt?.runId === 'string');
      const live = await api.post(`${TASKS}/${id}/refresh`);
      assert.deepEqual([live.state, live.latestAttempt.state], ['running', 'pending']);
      const workflowId = sessionRef === null ? `run:${latestAttempt.runId}` : `session:${sessionRef.sessionId}`;
      await temporal.client.workflow.getHandle(workflowId).terminate('a test loses it');
      room = true;
      await api.post(`${TASKS}/${id}/refresh`);
      const lost = await api.get(`/api/v1/runs/${latestAttempt.runId}`);
      assert.deepEqual([lost.status, lost.failureKind], ['failed', 'infra-failed']);
      const { items } = await api.get(`/api/v1/runs/${latestAttempt.runId}/runner-jobs`);
      assert.deepEqual(
        items.map(({ terminal }: Loose) => terminal),
        [true],
        'no Job of it is left for its deadline',
      );
      const task = await until(id, ({ phase }) => phase === 'ended');
      assert.deepEqual([task.state, task.latestAttempt.attempt], ['completed', 2]);
    });
  }
});

describe('a task whose workflow is gone while its attempt begins', function () {
  this.timeout(90_000);
  const stopping = gate();
  let manager: TestManager;
  let api: Api;
  let temporal: TemporalLink;

  before(async () => {
    const platform = (real: RunnerPlatform): RunnerPlatform => {
      const stop: RunnerPlatform['stop'] = async (jobName, options) => {
        await stopping.pass();
        return real.stop(jobName, options);
      };
      return withParts(real, { stop });
    };
    manager = await startTestManager({}, { platform });
    api = new Api(manager.url, manager.operatorToken);
    temporal = connectTemporal(manager.temporal);
  });

  after(async () => {
    stopping.open();
    await temporal.close();
    await manager.stop();
  });

  const until = async (id: string, satisfies: (task: Loose) => boolean) =>
    eventually(async () => api.get(`${TASKS}/${id}`), satisfies, 60_000);
  const loseAndCancel = async (id: string) => {
    await temporal.client.workflow.getHandle(`task:${id}`).terminate('a test loses it');
    assert.equal((await api.post(`${TASKS}/${id}/cancel`)).state, 'failed');
  };
  const runsOf = async (sessionId: string): Promise<Loose[]> =>
    (await api.get(`/api/v1/runs?sessionId=${sessionId}`)).items;

  it('leaves nothing at work: neither what began before, nor what begins yet', async () => {
    const sessionId = 'closing';
    const first = await api.createRun({ sessionRef: { sessionId } });
    await api.addTurn(first.id, 'sleep 60');
    await api.post(`/api/v1/runs/${first.id}/runner-jobs`);
    await api.post(`/api/v1/runs/${first.id}/cancel`, {});
    await eventually(
      async () => api.get(`/api/v1/runs/${first.id}`),
      ({ status }) => status === 'cancelled',
    );
    const task = { ...EXEC, prompt: 'sleep 60', autoDispatch: true, sessionRef: { sessionId } };
    const { id } = await api.post(TASKS, task);
    await until(id, ({ phase }) => phase === 'starting');
    await loseAndCancel(id);
    stopping.open();
    const [next] = await eventually(
      async () => (await runsOf(sessionId)).filter((run) => run.id !== first.id),
      ([run]) => run !== undefined && run.status !== 'pending' && run.finishedAt !== null,
      60_000,
    );
    assert.equal(next?.status, 'cancelled');
  });

  it('finds what it started where that was not written down yet', async () => {
    const { id } = await api.post(TASKS, { ...EXEC, prompt: 'sleep 60', autoDispatch: true });
    const { latestAttempt } = await until(id, (task) => typeof task.latestAttempt?.runId === 'string');
    await temporal.client.workflow.getHandle(`task:${id}`).terminate('a test loses it');
    const forget = 'UPDATE task_attempts SET run_id = NULL, command_id = NULL WHERE task_id = $1';
    await manager.database.query(forget, [id]);
    assert.equal((await api.post(`${TASKS}/${id}/cancel`)).state, 'failed');
    const run = await eventually(
      async () => api.get(`/api/v1/runs/${latestAttempt.runId}`),
      ({ finishedAt }) => finishedAt !== null,
      30_000,
    );
    assert.equal(run.status, 'cancelled');
  });
});

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

describe('what waits for a workflow that is gone, and of which nobody asks', function () {
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

  const until = async (id: string, satisfies: (task: Loose) => boolean) =>
    eventually(async () => api.get(`${TASKS}/${id}`), satisfies, 60_000);

  it('is found by maintenance: tasks of a queue, and one whose time has come', async () => {
    const setting = async (concurrency: number) => api.ok('PUT', '/api/v1/queue/queues/lost', { concurrency });
    await setting(0);
    const waiting = await api.post(TASKS, { ...EXEC, queue: 'lost', autoDispatch: true });
    await until(waiting.id, ({ phase }) => phase === 'waiting-for-slot');
    await eventually(
      // It begins a moment after the task was told to wait.
      async () => temporal.client.workflow.getHandle('queue:lost').describe().catch(unlessMissing),
      (queue) => queue?.status.name === 'RUNNING',
    );
    await temporal.client.workflow.getHandle('queue:lost').terminate('a test loses it');
    assert.equal((await setting(1)).applied, true);

    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const timed = await api.post(TASKS, { ...EXEC, queue: 'timed', autoDispatch: true, notBefore });
    await until(timed.id, ({ phase }) => phase === 'waiting-until');
    await temporal.client.workflow.getHandle(`task:${timed.id}`).terminate('a test loses it');
    await manager.database.query(`UPDATE tasks SET waiting_until = now() - interval '1 hour' WHERE id = $1`, [
      timed.id,
    ]);

    await temporal.client.schedule.getHandle('maintenance').trigger();
    assert.equal((await until(waiting.id, ({ phase }) => phase === 'ended')).state, 'completed');
    const lost = await until(timed.id, ({ phase }) => phase === 'ended');
    assert.deepEqual([lost.state, lost.failureKind], ['failed', 'infra-failed']);
  });
});

describe('while Temporal is down', function () {
  this.timeout(120_000);
  let scene: TemporalDown;
  let api: Api;
  let receiver: WebhookReceiver;

  before(async () => {
    scene = await TemporalDown.start({ AGENTRUN_WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
    ({ api } = scene);
    receiver = await startWebhookReceiver();
  });

  after(async () => {
    await receiver.close();
    await scene.stop();
  });

  it('tasks are read, nothing is promised, and what was asked with a key goes on afterwards as one task', async () => {
    const { id } = await api.post(TASKS, EXEC);
    scene.lose();
    const asked = { ...EXEC, queue: 'later', idempotencyKey: randomUUID() };
    await scene.refuses('POST', TASKS, asked);
    await scene.refuses('POST', `${TASKS}/${id}/dispatch`);
    await scene.refuses('POST', `${TASKS}/${id}/cancel`, {});
    const changed = await api.ok('PUT', '/api/v1/queue/queues/later', { concurrency: 2 });
    assert.deepEqual([changed.concurrency, changed.applied], [2, false]);
    assert.equal((await api.get(`${TASKS}/${id}`)).state, 'pending');
    assert.deepEqual((await api.get(`${TASKS}?queue=later`)).items, []);
    assert.equal((await api.get('/api/v1/queue/stats?queue=later')).counts.pending, 0);
    await api.get('/api/v1/queue/commander');

    await scene.recover();
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

  it('a delivery that somebody asks for again is noted, and made when it is back', async () => {
    const path = '/api/v1/queue/webhooks';
    const webhook = await api.post(path, { url: receiver.url, secret: 'x'.repeat(24), tenantId: 'acme' });
    await api.post(TASKS, { ...EXEC, autoDispatch: true });
    const newest = async () => (await api.get(`${path}/${webhook.id}/deliveries`)).items[0];
    const delivered = await eventually(newest, (delivery) => delivery?.state === 'delivered', 60_000);
    scene.lose();
    const again = `${path}/${webhook.id}/deliveries/${delivered.id}/redeliver`;
    assert.match(await scene.refuses('POST', again), /is to be made, and is within two hours/);
    assert.equal((await newest()).state, 'pending');
    await scene.recover();
    await scene.manager.database.query(`UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 hour'`);
    const link = connectTemporal(scene.manager.temporal);
    await link.client.schedule.getHandle('maintenance').trigger();
    await link.close();
    const made = await eventually(newest, ({ state }) => state === 'delivered', 60_000);
    assert.deepEqual([made.id, made.attempts, receiver.received.length], [delivered.id, 2, 2]);
  });
});
