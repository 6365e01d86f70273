import assert from 'node:assert/strict';
import type { RunnerJobStatus } from '../../src/domain/runner-job-status.js';
import type { RunnerPlatform } from '../../src/ports/runner-platform.js';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner, refusalOf } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { withParts } from '../support/with-parts.js';

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

/** Nothing but its deadline ends such a Job in a cluster: no runner of it claims, and no lease runs out. */
describe('the Job of a run whose workflow is gone before a runner claimed it', () => {
  const stopped: string[] = [];
  let manager: TestManager;
  let api: Api;
  let link: TemporalLink;

  before(async function () {
    this.timeout(90_000);
    const viewOf = (jobName: string, status: RunnerJobStatus) => {
      const of = { runId: '', attempt: 0, reason: null, exitCode: null, message: null };
      return { ...of, jobName, status };
    };
    const unplaced = (platform: RunnerPlatform) =>
      withParts(platform, {
        launch: async ({ jobName }) => viewOf(jobName, 'starting'),
        stop: async (jobName) => {
          stopped.push(jobName);
          return viewOf(jobName, 'stopped');
        },
      });
    manager = await startTestManager({}, { platform: unplaced });
    api = new Api(manager.url, manager.operatorToken);
    link = connectTemporal(manager.temporal);
  });
  after(async () => {
    await link.close();
    await manager.stop();
  });

  const jobOf = async (runId: string) => (await api.get(`/api/v1/runs/${runId}/runner-jobs`)).items[0];
  const launched = async () => {
    const run = await api.createRun();
    await api.addTurn(run.id, 'true');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    const job = await eventually(
      async () => jobOf(run.id),
      ({ status }) => status === 'starting',
    );
    return { id: run.id as string, workflowId: run.workflowId as string, jobName: job.jobName as string };
  };
  const lose = async () => {
    const run = await launched();
    await link.client.workflow.getHandle(run.workflowId).terminate('by hand');
    const ended = await api.post(`/api/v1/runs/${run.id}/cancel`);
    assert.equal(ended.failureKind, 'infra-failed');
    return run;
  };

  it('is stopped by maintenance a while after the run was ended for it, and no other is', async () => {
    const [lost, lately, live] = [await lose(), await lose(), await launched()];
    assert.deepEqual(stopped, [], 'the API has no right to');
    await manager.database.query(`UPDATE runs SET finished_at = now() - interval '20 minutes' WHERE id = $1`, [
      lost.id,
    ]);
    await link.client.schedule.getHandle('maintenance').trigger();
    const job = await eventually(
      async () => jobOf(lost.id),
      ({ terminal }) => terminal,
      30_000,
    );
    assert.equal(job.status, 'stopped');
    assert.deepEqual(stopped, [lost.jobName]);
    for (const { id } of [lately, live]) assert.equal((await jobOf(id)).terminal, false);
  }).timeout(60_000);
});
