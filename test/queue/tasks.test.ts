import { Client, Connection } from '@temporalio/client';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { taskWorkflowId } from '../../src/domain/ids.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const EXEC = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };

describe('tasks with real runners', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;
  before(async () => {
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '60000' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const task = async (prompt: string, more: Record<string, unknown> = {}): Promise<Loose> =>
    api.post('/api/v1/queue/tasks', { ...EXEC, prompt, ...more });
  const read = async (id: string): Promise<Loose> => api.get(`/api/v1/queue/tasks/${id}`);
  const until = async (id: string, satisfies: (task: Loose) => boolean): Promise<Loose> =>
    eventually(async () => read(id), satisfies, 60_000);
  const ended = async (id: string): Promise<Loose> => until(id, ({ phase }) => phase === 'ended');
  const output = async (runId: string): Promise<string> =>
    (await api.events(runId))
      .filter(({ type }) => type === 'command_output')
      .map(({ payload }) => payload.text)
      .join('');

  it('waits until it is dispatched, runs in a runner of its own, and ends as its command', async () => {
    const made = await task('echo done $((6 * 7))');
    assert.deepEqual([made.state, made.phase, made.latestAttempt], ['pending', 'waiting-for-dispatch', null]);
    const dispatched = await api.post(`/api/v1/queue/tasks/${made.id}/dispatch`);
    assert.ok(['waiting-for-slot', 'starting', 'running'].includes(dispatched.phase), dispatched.phase);
    const { state, latestAttempt, usage } = await ended(made.id);
    assert.equal(state, 'completed');
    assert.deepEqual([latestAttempt.attempt, latestAttempt.state, latestAttempt.startedRun], [1, 'completed', true]);
    assert.ok(usage.wallTimeMs > 0);
    assert.match(await output(latestAttempt.runId), /done 42/);
    const run = await api.get(`/api/v1/runs/${latestAttempt.runId}`);
    assert.equal(run.status, 'completed');
  });

  it('begins by itself where it is told to, and not before its time', async () => {
    const notBefore = new Date(Date.now() + 8_000).toISOString();
    const made = await task('echo late', { autoDispatch: true, notBefore });
    assert.equal(made.phase, 'waiting-until');
    assert.equal(made.waitingUntil, notBefore);
    const { latestAttempt } = await ended(made.id);
    assert.ok(Date.parse(latestAttempt.startedAt) >= Date.parse(notBefore));
  });

  it('takes a turn of its own on the live run of its session, after the turn that runs there, and leaves the run alone when it is cancelled', async () => {
    const sessionId = 'shared';
    const go = join(manager.dataDir, 'go');
    const sent = await api.post(`/api/v1/sessions/${sessionId}/send`, {
      prompt: `echo first; until [ -e ${go} ]; do sleep 0.1; done; echo first is over`,
      run: EXEC,
    });
    await until2(sent.run.id, ({ status }) => status === 'running');
    const joined = await task('echo second', { autoDispatch: true, sessionRef: { sessionId } });
    const cancelled = await task('echo never', { autoDispatch: true, sessionRef: { sessionId } });
    await until(cancelled.id, ({ latestAttempt }) => latestAttempt?.runId === sent.run.id);
    await api.post(`/api/v1/queue/tasks/${cancelled.id}/cancel`, { reason: 'not wanted' });
    assert.equal((await ended(cancelled.id)).state, 'cancelled');
    await writeFile(go, '');
    const { state, latestAttempt } = await ended(joined.id);
    assert.equal(state, 'completed');
    assert.deepEqual([latestAttempt.runId, latestAttempt.startedRun], [sent.run.id, false]);
    const text = await output(sent.run.id);
    assert.match(text, /first is over\s+second/);
    assert.doesNotMatch(text, /never/);
    assert.equal((await api.get(`/api/v1/runs/${sent.run.id}`)).terminalStatus, null);
    await api.post(`/api/v1/runs/${sent.run.id}/cancel`);
  });

  async function until2(runId: string, satisfies: (run: Loose) => boolean): Promise<Loose> {
    return eventually(async () => api.get(`/api/v1/runs/${runId}`), satisfies, 60_000);
  }

  it('starts the run of a session that has none, which ends with it; a later task goes on in the session', async () => {
    const sessionRef = { sessionId: 'handed-on' };
    const first = await ended((await task('echo kept > note', { autoDispatch: true, sessionRef })).id);
    assert.deepEqual([first.state, first.latestAttempt.startedRun], ['completed', true]);
    const second = await ended((await task('cat note', { autoDispatch: true, sessionRef })).id);
    assert.equal(second.state, 'completed');
    assert.notEqual(second.latestAttempt.runId, first.latestAttempt.runId);
    assert.match(await output(second.latestAttempt.runId), /kept/);
  });

  it('that started the run of its session is cancelled alone: what others gave the run is done', async () => {
    const sessionRef = { sessionId: 'crowded' };
    const first = await task('sleep 600', { autoDispatch: true, sessionRef });
    const { latestAttempt } = await until(first.id, (one) => one.latestAttempt?.state === 'acknowledged');
    const second = await task('echo still here', { autoDispatch: true, sessionRef });
    await until(second.id, (one) => one.latestAttempt?.runId === latestAttempt.runId);
    const behind = await api.get(`/api/v1/queue/tasks/${second.id}`);
    assert.match(behind.diagnosis, /^The task's turn waits in session crowded for another one that works there;/);
    await api.post(`/api/v1/queue/tasks/${first.id}/cancel`, {});
    assert.equal((await ended(first.id)).state, 'cancelled');
    assert.equal((await ended(second.id)).state, 'completed');
    assert.match(await output(latestAttempt.runId), /still here/);
  });

  it('whose workflow is terminated has its run stopped when somebody cancels it', async () => {
    const made = await task('sleep 600', { autoDispatch: true, queue: 'terminated' });
    const { latestAttempt } = await until(made.id, (one) => one.latestAttempt?.state === 'acknowledged');
    const connection = await Connection.connect({ address: manager.temporal.address });
    const { namespace } = manager.temporal;
    await new Client({ connection, namespace }).workflow.getHandle(taskWorkflowId(made.id)).terminate('by hand');
    await connection.close();
    await api.post(`/api/v1/queue/tasks/${made.id}/cancel`, {});
    assert.deepEqual((({ state, failureKind }) => [state, failureKind])(await ended(made.id)), [
      'failed',
      'infra-failed',
    ]);
    assert.equal((await until2(latestAttempt.runId, (run) => run.terminalStatus !== null)).status, 'cancelled');
  });

  it('is cancelled through to the runner', async () => {
    const made = await task('echo begun; sleep 600', { autoDispatch: true });
    const { latestAttempt } = await until(made.id, (one) => one.latestAttempt?.state === 'acknowledged');
    const cancelled = await api.post(`/api/v1/queue/tasks/${made.id}/cancel`, { reason: 'enough' });
    assert.ok(['cancelling', 'ended'].includes(cancelled.phase), cancelled.phase);
    const { state, cancelReason } = await ended(made.id);
    assert.deepEqual([state, cancelReason], ['cancelled', 'enough']);
    assert.equal((await until2(latestAttempt.runId, (run) => run.terminalStatus !== null)).status, 'cancelled');
  });

  it('that failed at its work is not tried again by itself, and again when somebody says so', async () => {
    const made = await task('exit 3', { autoDispatch: true });
    const { state, failureKind, latestAttempt } = await ended(made.id);
    assert.deepEqual([state, failureKind, latestAttempt.attempt], ['failed', 'backend-failed', 1]);
    await api.post(`/api/v1/queue/tasks/${made.id}/dispatch`);
    const again = await until(made.id, (one) => one.phase === 'ended' && one.latestAttempt.attempt === 2);
    assert.deepEqual([again.state, again.attempts.length], ['failed', 2]);
  });

  it('whose machine is lost every time is blocked, with what to do', async () => {
    const made = await task('echo dying; kill -9 $PPID; sleep 60', {
      autoDispatch: true,
      retryPolicy: { maxAttempts: 2, backoffMs: 100 },
      runRetryPolicy: { maxAttempts: 1 },
      workspaceRef: { kind: 'none' },
    });
    const { state, failureKind, attempts, diagnosis } = await ended(made.id);
    assert.deepEqual([state, failureKind, attempts.length], ['blocked', 'runner-lost', 2]);
    assert.match(diagnosis, /attempt/i);
  });

  it('of a run that a person ended hears of it', async () => {
    const made = await task('sleep 600', { autoDispatch: true });
    const { latestAttempt } = await until(made.id, (one) => one.latestAttempt?.state === 'acknowledged');
    await api.post(`/api/v1/runs/${latestAttempt.runId}/cancel`, {});
    assert.equal((await ended(made.id)).state, 'cancelled');
  });

  it('is run by any runner that takes its run', async () => {
    const made = await task('whatever', { autoDispatch: true, queue: 'foreign' });
    const { latestAttempt } = await until(made.id, (one) => one.latestAttempt?.commandId);
    // The Job's own runner is as likely to be first; then the claim is refused, which is as good.
    const foreign = await ForeignRunner.claim(api, latestAttempt.runId).catch(() => undefined);
    if (foreign !== undefined) {
      await foreign.ack(latestAttempt.commandId);
      await foreign.finishCommand(latestAttempt.commandId);
    }
    assert.notEqual((await ended(made.id)).state, 'pending');
  });
});
