import assert from 'node:assert/strict';
import { AgentRunError } from '../../../src/domain/errors.js';
import type { KubernetesPlatform } from '../../../src/kubernetes/kubernetes-platform.js';
import { runnerJobSpec } from '../../../src/kubernetes/runner-job-spec.js';
import type { RunnerJobSettings } from '../../../src/kubernetes/runner-settings.js';
import { CLUSTER_START_TIMEOUT_MS } from '../cluster/test-cluster.js';
import { ClusterFixture, untilDone } from './cluster-fixture.js';

/** No Node has it: what is made here stays a matter of the API and its controllers. */
const NOWHERE = { AGENTRUN_RUNNER_NODE_SELECTOR_JSON: '{"agentrun.test/nowhere":"true"}' };

describe('launching and stopping a Job', function () {
  this.timeout(180_000);
  let fixture: ClusterFixture;
  let platform: KubernetesPlatform;

  before(async function () {
    this.timeout(CLUSTER_START_TIMEOUT_MS);
    fixture = await ClusterFixture.create();
    platform = await fixture.platform(NOWHERE);
  });
  afterEach(async () => {
    await fixture.clear();
    await fixture.assertNothingLeft();
  });
  after(async () => fixture.dispose());

  const jobsOf = async (name: string) => {
    const { items } = await fixture.cluster.batch.listNamespacedJob({ namespace: fixture.namespace });
    return items.filter(({ metadata }) => metadata?.name === name);
  };

  it('makes the Job, and its token as a Secret that goes with it', async () => {
    const launch = fixture.launchOf();
    const view = await platform.launch(launch);
    assert.deepEqual([view.status, view.runId, view.attempt], ['starting', launch.runId, 1]);
    const [job] = await jobsOf(launch.jobName);
    const { namespace } = fixture;
    const secret = await fixture.cluster.core.readNamespacedSecret({ name: `${launch.jobName}-token`, namespace });
    assert.equal(secret.metadata?.ownerReferences?.[0]?.uid, job?.metadata?.uid);
    assert.equal(Buffer.from(secret.data?.['runner-token'] ?? '', 'base64').toString(), launch.runnerToken);
    assert.ok(!JSON.stringify(job).includes(launch.runnerToken));
    assert.equal(job?.spec?.suspend, false);
  });

  it('adopts what is there, however often and at once it is asked', async () => {
    const launch = fixture.launchOf();
    await Promise.all([1, 2, 3, 4, 5].map(async () => platform.launch(launch)));
    const [first] = await jobsOf(launch.jobName);
    // A manager with other settings, after one that died: the attempt has its Job.
    const other = await fixture.platform({ ...NOWHERE, AGENTRUN_RUNNER_TTL_SECONDS: '7' });
    await other.launch(launch);
    const after = await jobsOf(launch.jobName);
    assert.deepEqual(
      after.map(({ metadata }) => metadata?.uid),
      [first?.metadata?.uid],
    );
  });

  it('goes on where somebody died between the Job and its token', async () => {
    const launch = fixture.launchOf();
    const { namespace } = fixture;
    await fixture.cluster.batch.createNamespacedJob({ namespace, body: runnerJobSpec(launch, settingsOf(platform)) });
    await platform.launch(launch);
    assert.equal((await jobsOf(launch.jobName))[0]?.spec?.suspend, false);
    await fixture.cluster.core.readNamespacedSecret({ name: `${launch.jobName}-token`, namespace });
  });

  it("refuses a name that is another Job's, and says so", async () => {
    const launch = fixture.launchOf();
    await platform.launch(launch);
    const other = { ...fixture.launchOf(), jobName: launch.jobName };
    await assert.rejects(platform.launch(other), (error: AgentRunError) => {
      assert.deepEqual([error.failureKind, error.refusal], ['runner-start-failed', 'conflict']);
      return error.message.includes(launch.jobName);
    });
  });

  it('says that a quota has no room, with its words', async () => {
    await fixture.withQuota('none', { 'count/jobs.batch': '0' }, async () => {
      await assert.rejects(platform.launch(fixture.launchOf()), (error: AgentRunError) => {
        assert.equal(error.refusal, 'conflict');
        assert.deepEqual(error.details, { part: 'platform', httpStatus: 403, quota: true });
        assert.match(error.message, /the namespace's quota has no room for the Job .*exceeded quota: none/);
        return true;
      });
    });
  });

  it('makes a hundred Jobs at once, and takes a hundred away', async () => {
    const launches = Array.from({ length: 100 }, () => fixture.launchOf());
    await Promise.all(launches.map(async (launch) => untilDone(async () => platform.launch(launch))));
    const listed = await untilDone(async () => platform.list());
    assert.deepEqual(listed.map(({ jobName }) => jobName).sort(), launches.map(({ jobName }) => jobName).sort());
    await Promise.all(
      launches.map(async ({ jobName }) => untilDone(async () => platform.stop(jobName, { graceMs: 0 }))),
    );
    assert.deepEqual(await untilDone(async () => platform.list()), []);
  });

  it('takes Pods and token along, and answers how the Job was', async () => {
    const launch = fixture.launchOf();
    await platform.launch(launch);
    await fixture.until('it has a Pod', async () =>
      (await fixture.leftovers()).some((name) => name.startsWith('Pod/')),
    );
    const stopped = await platform.stop(launch.jobName, { graceMs: 1_000 });
    assert.deepEqual([stopped?.status, stopped?.reason], ['stopped', 'killed']);
    assert.ok(!(await fixture.leftovers()).some((name) => /^(Pod|Job)\//.test(name)));
    assert.equal(await platform.stop(launch.jobName, { graceMs: 0 }), undefined);
    assert.equal(await platform.describe(launch.jobName), undefined);
  });

  it('strikes off a Pod whose Node is out of sight, since nobody there answers, when its lease is over', async () => {
    const { core } = fixture.cluster;
    const launch = fixture.launchOf();
    const leaseMs = 8_000;
    const brief = await fixture.platform({ ...NOWHERE, AGENTRUN_RUNNER_LEASE_MS: String(leaseMs) });
    await brief.launch(launch);
    const { namespace } = fixture;
    const pod = await fixture.until('it has a Pod', async () => {
      const labelSelector = `agentrun.dev/run=${launch.runId}`;
      return (await core.listNamespacedPod({ namespace, labelSelector })).items[0]?.metadata?.name;
    });
    const node = `lost-${namespace}`;
    await core.createNode({ body: { metadata: { name: node } } });
    try {
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      await bind(async () =>
        core.createNamespacedPodBinding({ name: pod, namespace, body: { metadata: { name: pod }, target } }),
      );
      const askedAt = performance.now();
      const stopped = await brief.stop(launch.jobName, { graceMs: 1_000 });
      assert.ok(performance.now() - askedAt > leaseMs, 'its containers may run until then');
      assert.equal(stopped?.status, 'stopped');
      assert.ok(!(await fixture.leftovers()).some((name) => /^(Pod|Job)\//.test(name)));
    } finally {
      await core.deleteNode({ name: node });
    }
  });

  it('leaves the Jobs of another lane alone', async () => {
    const other = await fixture.platform({ ...NOWHERE, AGENTRUN_LANE: 'v0.2' });
    const launch = fixture.launchOf();
    await other.launch(launch);
    assert.deepEqual(await platform.list(), []);
    await other.stop(launch.jobName, { graceMs: 0 });
  });

  it('says that the cluster is away, and that it may be asked again', async () => {
    const away = await fixture.platform({ KUBECONFIG: await fixture.unreachable() });
    assert.equal((await away.ready()).ready, false);
    await assert.rejects(
      away.launch(fixture.launchOf()),
      (error: AgentRunError) => error instanceof AgentRunError && error.refusal === 'unavailable',
    );
  });
});

/** The installation's part of a Job. */
function settingsOf(platform: KubernetesPlatform): RunnerJobSettings {
  return (platform as unknown as { options: { runner: RunnerJobSettings } }).options.runner;
}

/** The client reads a Pod in the answer, where there is a word of success only. */
async function bind(request: () => Promise<unknown>): Promise<void> {
  await request().catch((error: unknown) => {
    if (!(error instanceof TypeError)) throw error;
  });
}
