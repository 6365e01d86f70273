import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { connectTemporal } from '../../src/temporal/connection.js';
import { AgentRunProcess } from '../support/agentrun-process.js';
import type { Api } from '../support/api.js';
import { eventually } from '../support/api.js';
import { processesOfJob, runnerOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startSplitManager, type SplitManager } from '../support/split-manager.js';

/** Until Temporal takes an activity for lost, its worker being silent; the rest is for ending one runner and starting another. */
const REPLACED_MS = 10_000 + 35_000;

describe('a worker that is killed in the middle of something', function () {
  this.timeout(150_000);
  let manager: SplitManager;
  let api: Api;

  before(async () => {
    manager = await startSplitManager({ AGENTRUN_RUNNER_LEASE_MS: '10000' });
    api = manager.api;
  });
  after(async () => manager.stop());

  it('does not keep the next attempt waiting when it was just ending the one before', async () => {
    const run = await api.createRun({ retryPolicy: { backoffMs: 0 } });
    const turn = await api.addTurn(
      run.id,
      'if [ -e mark ]; then echo done; else touch mark; echo begun; sleep 300; fi',
    );
    const { jobName } = await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await untilPrinted(api, turn, 'begun');
    // It stands still and heeds nothing, so that ending it takes a while.
    process.kill(runnerOfJob(jobName).runner.pid, 'SIGSTOP');
    await eventually(
      async () => existsSync(join(manager.settings['AGENTRUN_DATA_DIR'] ?? '', 'runners', jobName, 'stop.json')),
      (isStopping) => isStopping,
    );
    await manager.worker.kill();
    manager.worker = await AgentRunProcess.start('worker', manager.settings);
    const readyAtMs = Date.now();
    await untilPrinted(api, turn, 'done', 60_000);
    assert.ok(Date.now() - readyAtMs < REPLACED_MS, `${Date.now() - readyAtMs} ms`);
    const { status, attempt } = await untilEnded(api, run.id);
    assert.deepEqual([status, attempt], ['completed', 2]);
    assert.deepEqual(processesOfJob(jobName), []);
  });

  it('does not keep a task waiting when it was just starting its attempt', async () => {
    const locking = await lockKeys(manager);
    try {
      const { tenantId, projectId } = { tenantId: 'acme', projectId: 'shop' };
      const body = { tenantId, projectId, backendProfile: 'exec', prompt: 'echo done', autoDispatch: true };
      const { id } = await api.post('/api/v1/queue/tasks', body);
      await untilStarting(manager, id);
      await manager.worker.kill();
      await locking.end();
      manager.worker = await AgentRunProcess.start('worker', manager.settings);
      const readyAtMs = Date.now();
      await eventually(
        async () => api.get(`/api/v1/queue/tasks/${id}`),
        ({ phase }) => phase === 'ended',
        80_000,
      );
      assert.ok(Date.now() - readyAtMs < REPLACED_MS, `${Date.now() - readyAtMs} ms`);
    } finally {
      await locking.end();
    }
  });
});

/** While it is held no attempt of a task can be begun. */
async function lockKeys({ settings }: SplitManager): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: settings['AGENTRUN_DATABASE_URL'] });
  await client.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE');
  return client;
}

/** A worker is at it. */
async function untilStarting({ settings }: SplitManager, taskId: string): Promise<void> {
  const link = connectTemporal({
    address: settings['AGENTRUN_TEMPORAL_ADDRESS'] ?? '',
    namespace: settings['AGENTRUN_TEMPORAL_NAMESPACE'] ?? '',
  });
  const started = async () => {
    const { raw } = await link.client.workflow.getHandle(`task:${taskId}`).describe();
    return (raw.pendingActivities ?? []).some(
      ({ activityType, state }) => activityType?.name === 'startTaskAttempt' && Number(state) === STARTED,
    );
  };
  await eventually(started, (isStarted) => isStarted).finally(async () => link.close());
}

/** PENDING_ACTIVITY_STATE_STARTED */
const STARTED = 2;
