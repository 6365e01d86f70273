import assert from 'node:assert/strict';
import type { V1PodStatus } from '@kubernetes/client-node';
import type { KubernetesPlatform } from '../../../src/kubernetes/kubernetes-platform.js';
import { CLUSTER_START_TIMEOUT_MS, ownsCluster } from '../cluster/test-cluster.js';
import { ClusterFixture } from './cluster-fixture.js';

const NOWHERE = {
  AGENTRUN_RUNNER_NODE_SELECTOR_JSON: '{"agentrun.test/nowhere":"true"}',
  AGENTRUN_UNSCHEDULABLE_GRACE_MS: '600000',
};
/** Whose time is taken. */
const ENDS = 20;
/** An API server that begins over what it stored, on a machine that does much else. */
const SERVER_START_MS = 180_000;

describe('watching Jobs', function () {
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

  const podOf = async (jobName: string) =>
    fixture.until(`${jobName} has a Pod`, async () => {
      const labelSelector = `batch.kubernetes.io/job-name=${jobName}`;
      const { items } = await fixture.cluster.core.listNamespacedPod({ namespace: fixture.namespace, labelSelector });
      return items[0]?.metadata?.name;
    });

  const patchStatus = async (jobName: string, status: V1PodStatus) => fixture.sayOfPod(await podOf(jobName), status);

  const started = async (more = platform) => {
    const launch = fixture.launchOf();
    await more.launch(launch);
    await podOf(launch.jobName);
    return launch.jobName;
  };

  const waiting = (reason: string, message?: string): V1PodStatus => ({
    containerStatuses: [
      {
        name: 'runner',
        image: 'x',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason, message } },
      },
    ],
  });

  it('shows why a Pod is not placed at once, and gives it up when its time is over', async () => {
    const impatient = await fixture.platform({ ...NOWHERE, AGENTRUN_UNSCHEDULABLE_GRACE_MS: '8000' });
    const { changes, endOf } = fixture.watch(impatient);
    const jobName = await started(impatient);
    await fixture.until('it is shown', () => changes.find((view) => view.reason === 'Unschedulable'));
    const end = await endOf(jobName);
    assert.deepEqual([end.status, end.reason], ['failed', 'Unschedulable']);
    assert.ok(end.message !== null && end.message.length > 0);
  });

  it('tells evictions, lost Nodes and containers that cannot start, each by its name', async () => {
    const { endOf } = fixture.watch(platform);
    const cases: Record<string, V1PodStatus> = {
      Evicted: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
      NodeLost: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] },
      ErrImagePull: waiting('ErrImagePull', 'failed to resolve reference "x": not found'),
      ImagePullBackOff: waiting('ImagePullBackOff', 'Back-off pulling image "x": pull access denied'),
      CreateContainerConfigError: waiting('CreateContainerConfigError'),
    };
    const jobs = await Promise.all(Object.keys(cases).map(async (reason) => ({ reason, jobName: await started() })));
    for (const { reason, jobName } of jobs) {
      await patchStatus(jobName, cases[reason]!);
      assert.equal((await endOf(jobName)).reason, reason);
    }
  });

  it('tells an end within a moment of the word of it', async () => {
    const toldAt = new Map<string, number>();
    const { endOf } = fixture.watch(platform, async ({ jobName }) => void toldAt.set(jobName, performance.now()));
    const jobs = await Promise.all(Array.from({ length: ENDS }, async () => started()));
    const took: number[] = [];
    for (const jobName of jobs) {
      const pod = await podOf(jobName);
      const saidAt = performance.now();
      await fixture.sayOfPod(pod, { phase: 'Failed', reason: 'Evicted' });
      await endOf(jobName);
      took.push(toldAt.get(jobName)! - saidAt);
    }
    took.sort((a, b) => a - b);
    const [half = 0, longest = Infinity] = [took[ENDS / 2], took.at(-1)];
    console.log(
      `      told of ${ENDS} ends after ${Math.round(half)} ms (p50), ${Math.round(longest)} ms (the longest)`,
    );
    // What is usual is in docs/kubernetes.md; a machine that does much else takes longer.
    assert.ok(longest < 10_000);
  });

  it('shows what keeps a registry from giving an image, and waits until it refuses it', async () => {
    const patient = await fixture.platform({ ...NOWHERE, AGENTRUN_IMAGE_PULL_GRACE_MS: '600000' });
    const { changes, ends, endOf } = fixture.watch(patient);
    const jobName = await started(patient);
    await patchStatus(jobName, waiting('ErrImagePull', '429 Too Many Requests'));
    const shown = await fixture.until('it is shown', () => changes.find((view) => view.reason === 'ErrImagePull'));
    assert.deepEqual([shown.status, shown.message], ['starting', '429 Too Many Requests']);
    assert.deepEqual(ends, []);
    await patchStatus(jobName, waiting('ErrImagePull', 'manifest unknown'));
    assert.deepEqual((await endOf(jobName)).message, 'manifest unknown');
  });

  it('tells Pods and Jobs that somebody deleted, and not those that we stopped', async () => {
    const { ends, endOf } = fixture.watch(platform);
    const [pod, job, ours] = [await started(), await started(), await started()];
    const { namespace } = fixture;
    await fixture.cluster.core.deleteNamespacedPod({ name: await podOf(pod), namespace });
    // Not the cluster's own word of it, which comes with its next clean-up.
    const { reason, message } = await endOf(pod);
    assert.deepEqual([reason, message], ['PodDeleted', 'the Pod was deleted before it had a Node']);
    const body = { propagationPolicy: 'Background' };
    await fixture.cluster.batch.deleteNamespacedJob({ name: job, namespace, body });
    assert.deepEqual([(await endOf(job)).status, (await endOf(job)).reason], ['lost', 'JobDeleted']);
    await platform.stop(ours, { graceMs: 0 });
    assert.equal((await endOf(ours)).status, 'stopped');
    assert.equal(ends.length, 3);
  });

  it('tells a Job that lived for as long as it may', async () => {
    const brief = await fixture.platform({ ...NOWHERE, AGENTRUN_RUNNER_DEADLINE_SECONDS: '1' });
    const { endOf } = fixture.watch(brief);
    const launch = fixture.launchOf();
    // Its time may be over before anybody saw its Pod.
    await brief.launch(launch);
    assert.equal((await endOf(launch.jobName)).reason, 'DeadlineExceeded');
  });

  it('tells why no Pod was made', async () => {
    await fixture.withQuota('no-pods', { pods: '0' }, async () => {
      const { endOf } = fixture.watch(platform);
      const launch = fixture.launchOf();
      await platform.launch(launch);
      const end = await endOf(launch.jobName);
      assert.equal(end.reason, 'PodRefused');
      assert.match(end.message ?? '', /exceeded quota: no-pods/);
    });
  });

  it('tells again what was not taken, and to a new watch what ended before it', async () => {
    let refusals = 2;
    const first = fixture.watch(platform, async () => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('not now');
    });
    const jobName = await started();
    await patchStatus(jobName, { phase: 'Failed', reason: 'Evicted' });
    await first.endOf(jobName);
    assert.equal(refusals, -1);
    const second = fixture.watch(platform);
    assert.equal((await second.endOf(jobName)).reason, 'Evicted');
  });

  if (ownsCluster()) {
    it('goes on where the API server was away, and misses nothing of that time', async () => {
      const { endOf } = fixture.watch(platform);
      const jobName = await started();
      await patchStatus(jobName, { phase: 'Failed', reason: 'Evicted' });
      const server = fixture.test.apiServer!;
      const second = await started();
      await server.kill();
      await server.startAgain();
      await fixture.until('the server answers again', async () => (await platform.ready()).ready, SERVER_START_MS);
      await patchStatus(second, { phase: 'Failed', reason: 'Evicted' });
      assert.equal((await endOf(second)).reason, 'Evicted');
      assert.equal((await endOf(jobName)).reason, 'Evicted');
    }).timeout(180_000 + SERVER_START_MS);
  }
});
