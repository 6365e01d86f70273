import type { KubernetesObject, V1PodStatus } from '@kubernetes/client-node';
import { randomBytes, randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../../src/config.js';
import type { AgentRunError } from '../../../src/domain/errors.js';
import type { Cluster } from '../../../src/kubernetes/cluster.js';
import type { KubernetesPlatform } from '../../../src/kubernetes/kubernetes-platform.js';
import { LABELS } from '../../../src/kubernetes/marks.js';
import { MERGE_PATCH } from '../../../src/kubernetes/merge-patch.js';
import { createKubernetesPlatform } from '../../../src/main/kubernetes-runners.js';
import type { RunnerJobView, RunnerLaunch } from '../../../src/ports/runner-platform.js';
import { freePort } from '../../../src/processes/free-port.js';
import { eventually } from '../../support/eventually.js';
import { testCluster, type TestCluster } from '../cluster/test-cluster.js';

/** What is ours, whatever lane it is of. */
const OURS = 'app.kubernetes.io/managed-by=agentrun';

/** A namespace of a test's own, with all that a platform needs in it. */
export class ClusterFixture {
  readonly #watches: { stop: AbortController; ended: Promise<void> }[] = [];

  private constructor(
    readonly test: TestCluster,
    readonly namespace: string,
  ) {}

  get cluster(): Cluster {
    return this.test.cluster;
  }

  static async create(): Promise<ClusterFixture> {
    const test = await testCluster();
    const name = `agentrun-test-${randomBytes(4).toString('hex')}`;
    const { core } = test.cluster;
    await core.createNamespace({ body: { metadata: { name } } });
    await core.createNamespacedServiceAccount({ namespace: name, body: { metadata: { name: 'agentrun-v01-runner' } } });
    return new ClusterFixture(test, name);
  }

  /** As in the environment. */
  settings(more: Record<string, string> = {}): Record<string, string> {
    return {
      AGENTRUN_PLATFORM: 'kubernetes',
      KUBECONFIG: this.test.kubeconfig,
      AGENTRUN_RUNTIME_NAMESPACE: this.namespace,
      AGENTRUN_RUNNER_IMAGE: this.test.pods?.image ?? 'localhost/agentrun-test/none:1',
      AGENTRUN_RUNNER_IMAGE_PULL_POLICY: 'IfNotPresent',
      AGENTRUN_RUNNER_RESOURCES_JSON: '{"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"memory":"512Mi"}}',
      AGENTRUN_RUNNER_GRACE_SECONDS: '3',
      // As the chart has it: after its API server was away a cluster may place nothing for a minute.
      AGENTRUN_UNSCHEDULABLE_GRACE_MS: '240000',
      // A registry that is not there is not waited for.
      AGENTRUN_IMAGE_PULL_GRACE_MS: '10000',
      AGENTRUN_STORAGE_SIZE: '64Mi',
      ...more,
    };
  }

  async platform(more: Record<string, string> = {}): Promise<KubernetesPlatform> {
    return createKubernetesPlatform(readSettings(this.settings(more)), process.env, warn);
  }

  launchOf(more: Partial<RunnerLaunch> = {}): RunnerLaunch {
    const part = randomUUID().replaceAll('-', '');
    return {
      jobName: `agentrun-test-${part}`,
      jobId: `rjob_${part}a1`,
      runId: `run_${part}`,
      attempt: 1,
      attemptId: 'attempt-1',
      runnerId: `rnr_${part}a1`,
      tenantId: 'acme',
      sessionId: null,
      traceId: 'trc_test',
      volumeName: `run-${part.slice(0, 16)}`,
      managerUrl: 'http://127.0.0.1:9',
      runnerToken: 'planted-secret-token',
      backendKind: 'exec',
      secrets: [],
      env: {},
      image: null,
      resources: null,
      ...more,
    };
  }

  /** A kubeconfig of a cluster that is not there. */
  async unreachable(): Promise<string> {
    const config = JSON.parse(await readFile(this.test.kubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string } }[];
    };
    for (const { cluster } of config.clusters) cluster.server = `https://127.0.0.1:${await freePort()}`;
    const path = join(await mkdtemp(join(tmpdir(), 'agentrun-kubeconfig-')), 'config');
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  }

  /** What a watch is told, until the fixture is disposed of. */
  watch(platform: KubernetesPlatform, onExit: (job: RunnerJobView) => Promise<void> = async () => undefined) {
    const [ends, changes] = [[] as RunnerJobView[], [] as RunnerJobView[]];
    const stop = new AbortController();
    const take = async (job: RunnerJobView) => {
      await onExit(job);
      ends.push(job);
    };
    const ended = platform.watch(take, stop.signal, async (job) => void changes.push(job));
    this.#watches.push({ stop, ended });
    const endOf = async (jobName: string, timeoutMs = 60_000) =>
      eventually(`the end of ${jobName} is told`, () => ends.find((view) => view.jobName === jobName), timeoutMs);
    return { ends, changes, endOf };
  }

  /** All that is ours in the namespace, as `Kind/name`. */
  async leftovers(): Promise<string[]> {
    return (await this.#ours()).map(({ name }) => name);
  }

  /**
   * Until the product has taken away what a run needs while it lives: Jobs, Pods, and the Secrets of their tokens. Volumes stay for those who
   * come back to them, and so do the Secrets of profiles and credentials that somebody set. To be asked before `clear`, which leaves nothing.
   */
  async untilRunsAreCleared(timeoutMs = 180_000): Promise<void> {
    let left: string[] = [];
    const isCleared = async () => {
      left = (await this.#ours()).filter(({ isKept }) => !isKept).map(({ name }) => name);
      return left.length === 0;
    };
    await eventually('runs are cleared', isCleared, timeoutMs).catch(() => assert.deepEqual(left, []));
  }

  async #ours(): Promise<{ name: string; isKept: boolean }[]> {
    const query = { namespace: this.namespace, labelSelector: OURS };
    const { core, batch } = this.cluster;
    const [jobs, pods, claims, secrets] = await Promise.all([
      batch.listNamespacedJob(query),
      core.listNamespacedPod(query),
      core.listNamespacedPersistentVolumeClaim(query),
      core.listNamespacedSecret(query),
    ]);
    const named = (kind: string, { items }: { items: KubernetesObject[] }, isKept = (_: KubernetesObject) => false) =>
      items.map((item) => ({ name: `${kind}/${item.metadata?.name}`, isKept: isKept(item) }));
    return [
      ...named('Job', jobs),
      ...named('Pod', pods),
      ...named('PersistentVolumeClaim', claims, () => true),
      ...named('Secret', secrets, ({ metadata }) => metadata?.labels?.[LABELS.secretKind] !== undefined),
    ];
  }

  readonly until = eventually;

  /** As a kubelet or a controller says it. */
  async sayOfPod(name: string, status: V1PodStatus): Promise<void> {
    const { core } = this.cluster;
    await core.patchNamespacedPodStatus({ name, namespace: this.namespace, body: { status } }, MERGE_PATCH);
  }

  /** While the namespace has this quota, in force. */
  async withQuota(name: string, hard: Record<string, string>, work: () => Promise<void>): Promise<void> {
    const { namespace } = this;
    const { core } = this.cluster;
    await core.createNamespacedResourceQuota({ namespace, body: { metadata: { name }, spec: { hard } } });
    try {
      await eventually('the quota is in force', async () => {
        const { status } = await core.readNamespacedResourceQuota({ name, namespace });
        return Object.entries(hard).every(([what, most]) => status?.hard?.[what] === most);
      });
      await work();
    } finally {
      await core.deleteNamespacedResourceQuota({ name, namespace });
    }
  }

  async assertNothingLeft(): Promise<void> {
    // What Jobs own goes after them, by the cluster's garbage collector.
    let left: string[] = [];
    await eventually('nothing of ours is left', async () => (left = await this.leftovers()).length === 0, 60_000).catch(
      () => assert.deepEqual(left, []),
    );
  }

  /** Stops every Job and deletes every volume and Secret, as an installation that is taken down. */
  async clear(): Promise<void> {
    const platform = await this.platform();
    for (const stop of this.#watches.splice(0)) {
      stop.stop.abort();
      await stop.ended;
    }
    const jobs = await platform.list();
    await Promise.all(jobs.map(async ({ jobName }) => stopUntilGone(platform, jobName)));
    const query = { namespace: this.namespace, labelSelector: OURS };
    const { items } = await this.cluster.core.listNamespacedPersistentVolumeClaim(query);
    await Promise.all(items.map(async ({ metadata }) => platform.volumes.delete(metadata?.name ?? '')));
    await this.cluster.core.deleteCollectionNamespacedSecret(query);
  }

  async dispose(): Promise<void> {
    await this.clear();
    await this.cluster.core.deleteNamespace({ name: this.namespace });
  }
}

/** Two mishaps for each of the few requests that a call makes, and reads beside them. */
const MOST_TRIES = 30;

/** As a workflow does it: again, as long as it is told that it may. */
export async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const { refusal, message } = error as AgentRunError;
      assert.equal(refusal, 'unavailable', message);
      assert.ok(tries < MOST_TRIES, message);
    }
  }
}

/** Controllers that lost their API server for a while take their time to look again; a worker would try again, too. */
async function stopUntilGone(platform: KubernetesPlatform, jobName: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await platform.stop(jobName, { graceMs: 0 });
      return;
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

function warn(message: string, error: unknown): void {
  if (process.env['AGENTRUN_TEST_LOG']) console.error(message, error);
}
