import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { isJobOver } from '../domain/runner-job-status.js';
import { LABELS, labelValue, ownLabels, selector } from './marks.js';
import type { RunnerJobView, RunnerLaunch, RunnerPlatform } from '../ports/runner-platform.js';
import { asked, isStillStarting, unlessMissing } from './api-errors.js';
import type { Cluster } from './cluster.js';
import { jobView, newest } from './job-view.js';
import { KubernetesSecrets } from './kubernetes-secrets.js';
import { KubernetesVolumes, type VolumeSettings } from './kubernetes-volumes.js';
import { KubernetesWarmRunners } from './kubernetes-warm-runners.js';
import { logTail } from './log-tail.js';
import { launchJob } from './launch-job.js';
import type { Patience } from './pod-state.js';
import { RUNNER_CONTAINER, runnerJobSpec } from './runner-job-spec.js';
import type { RunnerJobSettings } from './runner-settings.js';
import { deleteJob, markStopping, podsOfJob } from './stop-job.js';
import { timeMs } from './times.js';
import { watchRunners } from './watch-runners.js';

export interface KubernetesPlatformOptions {
  readonly cluster: Cluster;
  readonly jobNamePrefix: string;
  readonly runner: RunnerJobSettings;
  readonly volumes: Pick<VolumeSettings, 'storageClass' | 'size' | 'accessMode'>;
  readonly patience: Patience;
  /** That runners ask for. */
  readonly leaseMs: number;
  /** Told of what goes wrong beside any call. */
  readonly warn: (message: string, error: unknown) => void;
}

const LOG_TAIL_BYTES = 4_096;
const PAGE = 500;

/** Runners as Jobs of one namespace, volumes as claims, secrets as Secrets; all that it makes carries this lane's labels. */
export class KubernetesPlatform implements RunnerPlatform {
  readonly kind = 'kubernetes';
  readonly namespace: string;
  readonly jobNamePrefix: string;
  readonly volumes: KubernetesVolumes;
  readonly secrets: KubernetesSecrets;
  readonly warm: KubernetesWarmRunners;
  readonly #labels: Record<string, string>;

  constructor(private readonly options: KubernetesPlatformOptions) {
    const { cluster, runner, volumes, warn } = options;
    const { namespace, lane } = runner;
    this.namespace = namespace;
    this.jobNamePrefix = options.jobNamePrefix;
    this.#labels = ownLabels(lane, 'runner');
    const release = async (volumeName: string) => this.#deleteEndedJobsOf(volumeName);
    this.volumes = new KubernetesVolumes(cluster, { ...volumes, namespace, lane }, release);
    this.secrets = new KubernetesSecrets(cluster, namespace, lane);
    this.warm = new KubernetesWarmRunners({ cluster, runner, warn, view: async (job) => this.#view(job) });
  }

  /** Whether the server answers, and lets us see Jobs of the namespace. */
  async ready(): Promise<{ ready: boolean; message?: string }> {
    try {
      const { batch } = this.options.cluster;
      await asked(`the list of Jobs in ${this.namespace}`, batch.listNamespacedJob(this.#page({ limit: 1 })));
      return { ready: true };
    } catch (error) {
      return { ready: false, message: (error as Error).message };
    }
  }

  async launch(launch: RunnerLaunch): Promise<RunnerJobView> {
    const { cluster, runner, warn } = this.options;
    const { runnerToken: token, ...job } = launch;
    return this.#view(await launchJob(cluster, { wanted: runnerJobSpec(job, runner), token }, warn));
  }

  async stop(jobName: string, { graceMs }: { graceMs: number }): Promise<RunnerJobView | undefined> {
    const { cluster } = this.options;
    const { namespace } = this;
    const job = await markStopping(cluster, jobName, namespace);
    // Also where the Job is gone: whoever deleted it may have left its Pods.
    const pods = await deleteJob(cluster, { name: jobName, namespace, graceMs, leaseMs: this.options.leaseMs });
    if (job === undefined) return undefined;
    const view = this.#viewWith(job, pods);
    return isJobOver(view) ? view : { ...view, status: 'stopped', reason: 'killed', message: null };
  }

  async describe(jobName: string): Promise<RunnerJobView | undefined> {
    const request = this.options.cluster.batch.readNamespacedJob({ name: jobName, namespace: this.namespace });
    const job = await asked(`to read the Job ${jobName}`, unlessMissing(request));
    return job && this.#view(job);
  }

  async list(): Promise<RunnerJobView[]> {
    const [jobs, pods] = await Promise.all([this.#jobs(this.#labels), this.#pods()]);
    return jobs.map((job) => this.#viewWith(job, pods.get(job.metadata?.uid ?? '') ?? []));
  }

  async watch(
    onExit: (job: RunnerJobView) => Promise<void>,
    signal: AbortSignal,
    onChange: (job: RunnerJobView) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const { cluster, patience, warn } = this.options;
    await watchRunners({
      cluster,
      namespace: this.namespace,
      labelSelector: selector(this.#labels),
      patience,
      onExit,
      onChange,
      logTail: async (pod) => this.#podLog(pod, LOG_TAIL_BYTES),
      whyNoPod: async (jobName) => this.#whyNoPod(jobName),
      onFailure: warn,
      signal,
    });
  }

  async listEnded({ olderThanMs }: { olderThanMs: number }): Promise<string[]> {
    const jobs = await this.#jobs(this.#labels);
    const old = jobs.filter((job) => Date.now() - (endedAtMs(job) ?? Infinity) > olderThanMs);
    return old.map((job) => job.metadata?.name ?? '');
  }

  /** The cluster does so by itself after its Jobs' time to live; this is for a cluster that does not. */
  async forget(jobName: string): Promise<void> {
    const { cluster, leaseMs } = this.options;
    await deleteJob(cluster, { name: jobName, namespace: this.namespace, graceMs: 0, leaseMs });
  }

  async logTail(jobName: string, maxBytes: number): Promise<string> {
    const pod = newest(await podsOfJob(this.options.cluster, jobName, this.namespace));
    return pod === undefined ? '' : this.#podLog(pod, maxBytes);
  }

  async #podLog(pod: V1Pod, maxBytes: number): Promise<string> {
    const name = pod.metadata?.name ?? '';
    const query = { name, namespace: this.namespace, container: RUNNER_CONTAINER, tailLines: 200 };
    return logTail((await unlessMissing(this.options.cluster.core.readNamespacedPodLog(query))) ?? '', maxBytes);
  }

  async #whyNoPod(jobName: string): Promise<string | undefined> {
    const fieldSelector = `involvedObject.kind=Job,involvedObject.name=${jobName},reason=FailedCreate`;
    const { items } = await this.options.cluster.core.listNamespacedEvent({ namespace: this.namespace, fieldSelector });
    const last = items.at(-1)?.message;
    return last === undefined || isStillStarting(last) ? undefined : last;
  }

  async #deleteEndedJobsOf(volumeName: string): Promise<void> {
    const jobs = await this.#jobs({ ...this.#labels, [LABELS.volume]: labelValue(volumeName) });
    const ended = jobs.filter((job) => endedAtMs(job) !== undefined);
    for (const { metadata } of ended) await this.forget(metadata?.name ?? '');
  }

  async #jobs(labels: Readonly<Record<string, string>>): Promise<V1Job[]> {
    const jobs: V1Job[] = [];
    let next: string | undefined;
    do {
      const page = { ...this.#page({ limit: PAGE, next }), labelSelector: selector(labels) };
      const list = await asked('the list of runner Jobs', this.options.cluster.batch.listNamespacedJob(page));
      jobs.push(...list.items);
      next = list.metadata?._continue || undefined;
    } while (next !== undefined);
    return jobs;
  }

  /** By their Job. */
  async #pods(): Promise<Map<string, V1Pod[]>> {
    const pods = new Map<string, V1Pod[]>();
    let next: string | undefined;
    do {
      const request = this.options.cluster.core.listNamespacedPod(this.#page({ limit: PAGE, next }));
      const list = await asked('the list of runner Pods', request);
      for (const pod of list.items) {
        const owner = pod.metadata?.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid ?? '';
        pods.set(owner, [...(pods.get(owner) ?? []), pod]);
      }
      next = list.metadata?._continue || undefined;
    } while (next !== undefined);
    return pods;
  }

  async #view(job: V1Job): Promise<RunnerJobView> {
    return this.#viewWith(job, await podsOfJob(this.options.cluster, job.metadata?.name ?? '', this.namespace));
  }

  #viewWith(job: V1Job, pods: readonly V1Pod[]): RunnerJobView {
    return jobView({ job, pods }, this.options.patience, Date.now());
  }

  #page({ limit, next }: { limit: number; next?: string }) {
    return { namespace: this.namespace, labelSelector: selector(this.#labels), limit, _continue: next };
  }
}

function endedAtMs({ status }: V1Job): number | undefined {
  const ended = status?.conditions?.find(
    (condition) => (condition.type === 'Failed' || condition.type === 'Complete') && condition.status === 'True',
  );
  return timeMs(ended?.lastTransitionTime);
}
