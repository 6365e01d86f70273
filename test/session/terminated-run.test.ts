import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { signalProcess } from '../../src/processes/process-tree.js';
import { Api, eventually } from '../support/api.js';
import { runnerOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

/** Its runner renews its lease in PostgreSQL, and hears of Temporal only when its turn ends. */
describe('a session whose run was terminated in Temporal while its runner works', function () {
  this.timeout(60_000);
  let manager: TestManager;
  let api: Api;
  let temporal: TemporalLink;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '1000' });
    api = new Api(manager.url, manager.operatorToken);
    temporal = connectTemporal(manager.temporal);
  });
  after(async () => {
    await temporal.close();
    await manager.stop();
  });

  const send = async (prompt: string, sessionId = 'ended-outside') =>
    api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run: RUN });
  // Both write down when they work in the session's volume.
  const WORKS = 'echo begun; trap "echo left >> said.txt; exit" TERM; for i in $(seq 600); do sleep 0.1; done';
  const COMES = 'echo came >> said.txt; cat said.txt';

  const LOOKS = 'before=$(wc -l < signs); sleep 1; [ $(wc -l < signs) = $before ] && echo alone || echo both';

  it('goes on with a run that begins when the runner before is gone, and says how that run ended', async () => {
    const first = await send(WORKS);
    await untilPrinted(api, first.command, 'begun');
    await temporal.client.workflow.getHandle('session:ended-outside').terminate('a test ends it');
    const second = await send(COMES);
    assert.notEqual(second.run.id, first.run.id);
    await untilEnded(api, second.run.id);
    const { reply } = await api.get(`/api/v1/runs/${second.run.id}/result`);
    assert.equal(reply, 'left\ncame\n');
    const run = await api.get(`/api/v1/runs/${first.run.id}`);
    assert.deepEqual([run.status, run.failureKind], ['failed', 'infra-failed']);
    assert.match(run.failureMessage, /gone from Temporal/);
    const { state } = await api.get(`/api/v1/runs/${first.run.id}/commands/${first.command.id}`);
    assert.equal(state, 'failed');
    await eventually(
      async () => manager.platform.list(),
      (jobs) => jobs.every(({ status }) => status !== 'running'),
    );
  });

  it('does so also where the run was cancelled in between, which ends it in the records alone', async () => {
    const sessionId = 'ended-and-cancelled';
    const first = await send('echo begun; while echo . >> signs; do sleep 0.1; done', sessionId);
    await untilPrinted(api, first.command, 'begun');
    // Its runner does not hear of its end: on another machine that may take it a while.
    signalProcess(runnerOfJob(first.runnerJob.jobName).runner.pid, 'SIGSTOP');
    await temporal.client.workflow.getHandle(`session:${sessionId}`).terminate('a test ends it');
    const cancelled = await api.post(`/api/v1/runs/${first.run.id}/cancel`, {});
    assert.deepEqual([cancelled.status, cancelled.failureKind], ['failed', 'infra-failed']);
    const second = await send(LOOKS, sessionId);
    await untilEnded(api, second.run.id);
    const { reply } = await api.get(`/api/v1/runs/${second.run.id}/result`);
    assert.equal(reply, 'alone\n');
    const { items } = await api.get(`/api/v1/runs/${first.run.id}/runner-jobs`);
    assert.ok(items.every(({ terminal }: { terminal: boolean }) => terminal));
  });
});
