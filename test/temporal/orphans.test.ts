import assert from 'node:assert/strict';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner, refusalOf } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const LEASE_MS = 4_000;

describe('a run whose workflow is gone', () => {
  let manager: TestManager;
  let api: Api;
  let link: TemporalLink;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    link = connectTemporal(manager.temporal);
  });
  after(async () => {
    await link.close();
    await manager.stop();
  });

  it('fails when its lease runs out, with its commands, and says what to do', async () => {
    const run = await api.createRun();
    const command = await api.addTurn(run.id, 'true');
    const runner = await ForeignRunner.claim(api, run.id, { leaseMs: LEASE_MS });
    await link.client.workflow.getHandle(run.workflowId).terminate('by hand');

    const ended = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    assert.deepEqual([ended.status, ended.failureKind], ['failed', 'infra-failed']);
    assert.match(ended.failureMessage, /is gone from Temporal .*; start the run again$/);
    assert.equal((await api.get(`/api/v1/runs/${run.id}/commands/${command.id}`)).state, 'failed');
    assert.equal((await api.events(run.id)).at(-1).type, 'terminal_status');
    const late = await runner.api.request('PATCH', `/api/v1/runs/${run.id}/lease`, { runnerId: runner.runnerId });
    assert.equal(refusalOf(late).failureKind, 'lease-lost');
  }).timeout(60_000);

  it('fails as soon as somebody wants to end it', async () => {
    const run = await api.createRun();
    await link.client.workflow.getHandle(run.workflowId).terminate('by hand');
    const ended = await api.post(`/api/v1/runs/${run.id}/cancel`);
    assert.deepEqual([ended.status, ended.failureKind], ['failed', 'infra-failed']);
    assert.match(ended.failureMessage, /gone from Temporal; start the run again/);
  }).timeout(30_000);

  it('is told from one that lives, which need not say whose it is', async () => {
    const gateway = createRunGateway(link.client);
    const run = await api.createRun({ sessionRef: { sessionId: 'whose' } });
    assert.equal(await gateway.isLive(run, run.id), true);
    assert.equal(await gateway.isLive(run, 'run_before'), false);
    await link.client.workflow.getHandle(run.workflowId).terminate('by hand');
    assert.equal(await gateway.isLive(run, run.id), false);
    const unmarked = { workflowId: 'session:unmarked' };
    const handle = await link.client.workflow.start('runWorkflow', { ...unmarked, taskQueue: 'nobody' });
    assert.equal(await gateway.isLive(unmarked, run.id), true);
    await handle.terminate();
  }).timeout(30_000);

  it('is told from one that hears', async () => {
    const gateway = createRunGateway(link.client);
    const run = await api.createRun();
    const message = { runId: run.id, attempt: 1 };
    assert.equal(await gateway.leaseExpired(run.workflowId, message), 'told');
    await link.client.workflow.getHandle(run.workflowId).terminate('by hand');
    assert.equal(await gateway.leaseExpired(run.workflowId, message), 'gone');
    assert.equal(await gateway.leaseExpired('run:never', message), 'gone');
    await gateway.runnerExited('run:never', { ...message, exitCode: 0, reason: 'ended' });
  });
});
