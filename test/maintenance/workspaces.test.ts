import assert from 'node:assert/strict';
import { createMaintenanceActivities } from '../../activities/maintenance.js';
import { runVolumeName } from '../../src/domain/volume-names.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { Api, eventually } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('the workspace of an ended run', () => {
  let manager: TestManager;
  let postgres: Postgres;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '100' });
    postgres = openPostgres({ connectionString: manager.database.connectionString });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    await postgres.close();
    await manager.stop();
  });

  const logged: string[] = [];
  const maintain = async (volumes = manager.platform.volumes) =>
    createMaintenanceActivities({
      ...postgres,
      platform: {
        ...manager.platform,
        volumes,
        listEnded: async (options) => manager.platform.listEnded(options),
        forget: async (jobName) => manager.platform.forget(jobName),
      },
      operations: {
        ...postgres,
        secrets: manager.platform.secrets,
        scheduleGateway: { remove: async () => undefined },
      },
      retention: {
        eventRetentionDays: 30,
        idempotencyRetentionHours: 48,
        workspaceRetentionHours: 24,
        webhookLogRetentionDays: 7,
      },
      log: (message, facts) => void logged.push(`${message} ${JSON.stringify(facts)}`),
    }).maintainRecords();

  async function endedRun(given: Record<string, unknown> = {}): Promise<string> {
    const run = await api.createRun(given);
    await api.addTurn(run.id, 'echo kept > file');
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    return run.id;
  }

  it('is kept for its time and goes then, once; a session keeps its own', async () => {
    const [young, old] = [await endedRun(), await endedRun()];
    const ofSession = await endedRun({ sessionRef: { sessionId: 'kept' } });
    await manager.database.query(`UPDATE runs SET finished_at = now() - interval '25 hours' WHERE id = ANY ($1)`, [
      [old, ofSession],
    ]);
    await maintain();
    await maintain();
    const there = async (runId: string, sessionId: string | null = null) =>
      (await manager.platform.volumes.describe(runVolumeName({ runId, sessionId }))) !== undefined;
    assert.deepEqual([await there(young), await there(old), await there(ofSession, 'kept')], [true, false, true]);
  }).timeout(60_000);

  it('is no obstacle to the others where it cannot be deleted, and is tried again', async () => {
    const [stuck, other] = [await endedRun(), await endedRun()];
    await manager.database.query(`UPDATE runs SET finished_at = now() - interval '25 hours' WHERE id = ANY ($1)`, [
      [stuck, other],
    ]);
    const nameOf = (runId: string) => runVolumeName({ runId, sessionId: null });
    const { volumes } = manager.platform;
    const faulty: typeof volumes = {
      ensure: async (name) => volumes.ensure(name),
      describe: async (name) => volumes.describe(name),
      delete: async (name) => {
        if (name === nameOf(stuck)) throw new Error('not this one');
        await volumes.delete(name);
      },
    };
    await assert.rejects(maintain(faulty), { message: 'failed, see the log: volumes (1)', nonRetryable: true });
    const there = async (runId: string) => (await volumes.describe(nameOf(runId))) !== undefined;
    assert.deepEqual([await there(stuck), await there(other)], [true, false]);
    assert.ok(logged.some((line) => /a part of the maintenance failed.*volumes.*not this one/.test(line)));
    await maintain();
    assert.equal(await there(stuck), false);
  }).timeout(60_000);
});
