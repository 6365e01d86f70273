import assert from 'node:assert/strict';
import type { KubernetesPlatform } from '../../../src/kubernetes/kubernetes-platform.js';
import { startTurn, untilEnded } from '../../support/live-runner.js';
import { FaultyApiServer } from '../cluster/faulty-api-server.js';
import { CLUSTER_START_TIMEOUT_MS, hasPods } from '../cluster/test-cluster.js';
import { ClusterFixture, untilDone } from './cluster-fixture.js';
import { startClusterManager } from './manager-fixture.js';

const SEED = Number(process.env['AGENTRUN_FAULT_SEED'] ?? 1);
/** No Node has it: what is made here stays a matter of the API and its controllers. */
const NOWHERE = { AGENTRUN_RUNNER_NODE_SELECTOR_JSON: '{"agentrun.test/nowhere":"true"}' };
const LAUNCHES = 20;

describe(`an API server that is busy, broken, slow or forgets to answer (seed ${SEED})`, function () {
  this.timeout(300_000);
  let fixture: ClusterFixture;
  let faulty: FaultyApiServer;

  before(async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS);
    fixture = await ClusterFixture.create();
  });
  beforeEach(async () => {
    faulty = await FaultyApiServer.start(fixture.test.kubeconfig, SEED);
  });
  afterEach(async () => {
    await faulty.close();
    await fixture.clear();
    await fixture.assertNothingLeft();
  });
  after(async () => fixture.dispose());

  it('makes one Job for each launch, with one token, and takes it away again', async () => {
    const platform: KubernetesPlatform = await fixture.platform({ ...NOWHERE, KUBECONFIG: faulty.kubeconfig });
    const launches = Array.from({ length: LAUNCHES }, (_, index) =>
      fixture.launchOf({ jobName: `agentrun-test-faulty-${index}` }),
    );
    await Promise.all(launches.map(async (launch) => untilDone(async () => platform.launch(launch))));
    const { namespace } = fixture;
    const { items: jobs } = await fixture.cluster.batch.listNamespacedJob({ namespace });
    assert.deepEqual(
      jobs.map(({ metadata, spec }) => [metadata?.name, spec?.suspend]).sort(),
      launches.map(({ jobName }) => [jobName, false]).sort(),
    );
    const { items: secrets } = await fixture.cluster.core.listNamespacedSecret({ namespace });
    assert.deepEqual(
      secrets.map(({ metadata }) => metadata?.ownerReferences?.[0]?.uid).sort(),
      jobs.map(({ metadata }) => metadata?.uid).sort(),
    );
    await Promise.all(
      launches.map(async ({ jobName }) => untilDone(async () => platform.stop(jobName, { graceMs: 0 }))),
    );
    assert.deepEqual(await untilDone(async () => platform.list()), []);
    // What hangs is rare: it costs ten seconds each.
    for (const mishap of ['busy', 'broken', 'answer lost', 'answer late', 'conflict', 'read refused'] as const)
      assert.ok((faulty.counts.get(mishap) ?? 0) > 0, `${mishap}: never`);
  });

  if (hasPods()) {
    it('keeps no run from its end, and takes none of its attempts', async () => {
      const started = await startClusterManager(fixture, {
        KUBECONFIG: faulty.kubeconfig,
        AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '1000',
      });
      const { api } = started;
      try {
        const turns = await Promise.all(
          [1, 2].map(async (count) => startTurn(api, `echo ${count} >> once; cat once`, { endsWithTurn: true })),
        );
        for (const [index, { run }] of turns.entries()) {
          const { status, attempt } = await untilEnded(api, run.id, 180_000);
          assert.deepEqual([status, attempt], ['completed', 1]);
          assert.equal((await api.get(`/api/v1/runs/${run.id}/result`)).reply, `${index + 1}\n`);
          assert.equal((await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items.length, 1);
        }
        await fixture.until(
          'only the volumes are left',
          async () => (await fixture.leftovers()).every((name) => name.startsWith('PersistentVolumeClaim/')),
          60_000,
        );
      } finally {
        await started.stop();
      }
    });
  }
});
