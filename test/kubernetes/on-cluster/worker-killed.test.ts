import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/processes/free-port.js';
import { AgentRunProcess } from '../../support/agentrun-process.js';
import { Api } from '../../support/api.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { untilEnded } from '../../support/live-runner.js';
import { createTestNamespace } from '../../support/temporal-server.js';
import { CLUSTER_START_TIMEOUT_MS, hasPods } from '../cluster/test-cluster.js';
import { ClusterFixture } from './cluster-fixture.js';

const TOKEN = 'worker-killed-operator-token';

if (hasPods()) {
  describe('a worker that is killed as it has made a Job', function () {
    this.timeout(600_000);
    let fixture: ClusterFixture;
    let dataDir: string;
    let database: TestDatabase;
    let settings: Record<string, string>;
    let server: AgentRunProcess;
    let worker: AgentRunProcess;

    before(async function () {
      this.timeout(CLUSTER_START_TIMEOUT_MS);
      fixture = await ClusterFixture.create();
      dataDir = await mkdtemp(join(tmpdir(), 'agentrun-worker-'));
      database = await createTestDatabase();
      const [temporal, port] = [await createTestNamespace(), await freePort()];
      const host = fixture.test.pods!.hostAddress;
      settings = fixture.settings({
        AGENTRUN_DATABASE_URL: database.connectionString,
        AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
        AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
        AGENTRUN_DATA_DIR: dataDir,
        AGENTRUN_HOST: host,
        AGENTRUN_PORT: String(port),
        AGENTRUN_INTERNAL_MGR_URL: `http://${host}:${port}`,
        AGENTRUN_OPERATOR_TOKEN: TOKEN,
        AGENTRUN_TOKEN_KEY: randomBytes(32).toString('hex'),
      });
      [server, worker] = await Promise.all([
        AgentRunProcess.start('api', settings),
        AgentRunProcess.start('worker', settings),
      ]);
    });
    after(async () => {
      await Promise.all([server.stop(), worker.stop()]);
      await fixture.clear();
      await fixture.assertNothingLeft();
      await fixture.dispose();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    });

    it('leaves one Job, which the next worker finds, finishes and takes away', async () => {
      const api = new Api(settings['AGENTRUN_INTERNAL_MGR_URL']!, TOKEN);
      const run = await api.createRun({ endsWithTurn: true });
      await api.addTurn(run.id, 'echo once >> once; cat once');
      const { batch } = fixture.cluster;
      const jobs = async () => (await batch.listNamespacedJob({ namespace: fixture.namespace })).items;
      const seen = fixture.until('the Job is there', async () => (await jobs())[0]?.metadata?.uid, 60_000);
      // It is waited for below, unless the request before it fails.
      seen.catch(() => undefined);
      await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
      const uid = await seen;
      await worker.kill();
      worker = await AgentRunProcess.start('worker', settings);
      const ended = await untilEnded(api, run.id, 300_000);
      const lost = (await api.events(run.id)).filter(({ payload }) => payload.phase === 'attempt-lost');
      assert.deepEqual([ended.status, ended.attempt, lost], ['completed', 1, []]);
      const { reply } = await api.get(`/api/v1/runs/${run.id}/result`);
      assert.equal(reply, 'once\n');
      const told = (await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items;
      assert.equal(told.length, 1);
      assert.ok(uid.length > 0);
      await fixture.untilRunsAreCleared();
    });
  });
}
