import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { isJobOver } from '../domain/runner-job-status.js';
import type { RunnerJobView } from '../ports/runner-platform.js';
import { deletedView, isStopping, jobView, newest } from './job-view.js';
import { listAndWatch } from './list-watch.js';
import { KnownJobs, type KnownJob } from './known-jobs.js';
import type { Patience } from './pod-state.js';
import type { Cluster } from './cluster.js';

export interface WatchRunners {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly labelSelector: string;
  readonly patience: Patience;
  /** A rejection means "not taken": told again after a pause. */
  readonly onExit: (view: RunnerJobView) => Promise<void>;
  readonly onChange: (view: RunnerJobView) => Promise<void>;
  /** The end of what the Pod's runner printed; empty when there is nothing. */
  readonly logTail: (pod: V1Pod) => Promise<string>;
  /** Why the Job controller made no Pod for a Job that should have one. */
  readonly whyNoPod: (jobName: string) => Promise<string | undefined>;
  readonly onFailure: (message: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** What time alone makes true (a Pod that fits nowhere for too long), and what was refused, is looked at so often. */
const TICK_MS = 500;
const RETRY_MS = 1_000;
/** And says why it took a Pod away within this. */
const EXPLAINED_MS = 750;

/** Watches Jobs and their Pods, and tells of each change and of each end as soon as the cluster says so. */
export async function watchRunners(options: WatchRunners): Promise<void> {
  const known = new KnownJobs();
  const runner = new Teller(options, known);
  const { cluster, namespace, labelSelector, signal } = options;
  const shared = { watch: cluster.watch, labelSelector, signal };
  const { core, batch } = cluster;
  await Promise.all([
    listAndWatch<V1Job>({
      ...shared,
      path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
      list: (page) =>
        batch.listNamespacedJob({ namespace, labelSelector, limit: page.limit, _continue: page.continue }),
      onList: (jobs) => runner.look(known.listJobs(jobs)),
      onChange: (job) => runner.look([known.setJob(job)]),
      onDelete: (job) => runner.look([known.deleteJob(job)]),
      onFailure: (error) => options.onFailure('the watch of runner Jobs broke off', error),
    }),
    listAndWatch<V1Pod>({
      ...shared,
      path: `/api/v1/namespaces/${namespace}/pods`,
      list: (page) => core.listNamespacedPod({ namespace, labelSelector, limit: page.limit, _continue: page.continue }),
      onList: (pods) => runner.look(known.listPods(pods)),
      onChange: (pod) => runner.look([known.setPod(pod)]),
      onDelete: (pod) => runner.look([known.deletePod(pod)]),
      onFailure: (error) => options.onFailure('the watch of runner Pods broke off', error),
    }),
    tick(runner, known, signal),
  ]);
  await runner.idle();
}

async function tick(runner: Teller, known: KnownJobs, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(TICK_MS, undefined, { signal }).catch(() => undefined);
    runner.look(known.open());
  }
}

/**
 * A Job that we stopped is over with its Pods, which say how. A Pod that is gone without a word may be one that the Job controller took away:
 * the Job says so a moment later.
 */
function isTooSoon(known: KnownJob, view: RunnerJobView): boolean {
  if (known.deleted && known.pods.size > 0 && isStopping(known.job)) return true;
  const isUnexplained = view.reason === 'PodDeleted' && view.exitCode === null && !known.deleted;
  if (!isUnexplained) return false;
  known.unexplainedSince ??= performance.now();
  return performance.now() - known.unexplainedSince < EXPLAINED_MS;
}

/** Tells of Jobs, one word at a time for each Job. */
class Teller {
  readonly #working = new Map<KnownJob, Promise<void>>();

  constructor(
    private readonly options: WatchRunners,
    private readonly known: KnownJobs,
  ) {}

  look(jobs: readonly (KnownJob | undefined)[]): void {
    if (!this.known.complete) return;
    for (const known of jobs) {
      if (known === undefined || known.told || this.#working.has(known) || known.notBefore > performance.now())
        continue;
      const work = this.#tell(known).finally(() => {
        this.#working.delete(known);
        // What came meanwhile.
        if (known.changed && !known.told) this.look([known]);
      });
      this.#working.set(known, work);
    }
  }

  async idle(): Promise<void> {
    await Promise.all(this.#working.values());
  }

  async #tell(known: KnownJob): Promise<void> {
    known.changed = false;
    const { job, pods } = known;
    if (job === undefined) return;
    try {
      await this.#askWhyNoPod(known);
      const { lastPod: gonePod, podRefused } = known;
      const objects = { job, pods: [...pods.values()], gonePod, podRefused };
      const view = (known.deleted ? deletedView : jobView)(objects, this.options.patience, Date.now());
      if (isTooSoon(known, view)) return;
      if (isJobOver(view)) await this.#tellEnd(known, view);
      else await this.#tellChange(known, view);
    } catch (error) {
      known.notBefore = performance.now() + RETRY_MS;
      this.options.onFailure(`what became of ${job.metadata?.name} was not taken`, error);
    }
  }

  async #tellEnd(known: KnownJob, view: RunnerJobView): Promise<void> {
    const logTail = view.status === 'succeeded' ? '' : await this.#logTail(known);
    await this.options.onExit({ ...view, ...(logTail !== '' && { logTail }) });
    known.told = true;
    if (known.deleted) this.known.forget(known);
  }

  async #tellChange(known: KnownJob, view: RunnerJobView): Promise<void> {
    const word = `${view.status}/${view.reason}/${view.message}`;
    if (word === known.lastWord) return;
    await this.options.onChange(view);
    known.lastWord = word;
  }

  /** The log itself; else what the Pod's status holds of its end. */
  async #logTail({ pods, lastPod }: KnownJob): Promise<string> {
    const pod = newest([...pods.values()]) ?? lastPod;
    if (pod === undefined) return '';
    const read = await this.options.logTail(pod).catch(() => '');
    if (read !== '') return read;
    return pod.status?.containerStatuses?.[0]?.state?.terminated?.message ?? '';
  }

  async #askWhyNoPod(known: KnownJob): Promise<void> {
    const { job, pods, deleted } = known;
    const isExpected = job?.spec?.suspend !== true && pods.size === 0 && known.lastPod === undefined && !deleted;
    if (!isExpected) {
      known.withoutPodSince = undefined;
      return;
    }
    known.withoutPodSince ??= performance.now();
    const waitedMs = performance.now() - known.withoutPodSince;
    if (known.podRefused !== undefined || waitedMs < known.askWhyAfterMs) return;
    // Less and less often: a controller that is behind with many Jobs is not to be asked about each of them all the time.
    known.askWhyAfterMs = 2 * waitedMs;
    known.podRefused = await this.options.whyNoPod(job?.metadata?.name ?? '');
  }
}
