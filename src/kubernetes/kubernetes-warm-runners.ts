import type { V1Job } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import type { RunnerJobView, RunnerLaunch, WarmLaunch, WarmRunners } from '../ports/runner-platform.js';
import { asked, unlessMissing } from './api-errors.js';
import type { Cluster } from './cluster.js';
import { launchJob } from './launch-job.js';
import { runMarks, warmJobSpec } from './runner-job-spec.js';
import type { RunnerJobSettings } from './runner-settings.js';
import { MERGE_PATCH } from './merge-patch.js';

export interface KubernetesWarmRunnersOptions {
  readonly cluster: Cluster;
  readonly runner: RunnerJobSettings;
  readonly view: (job: V1Job) => Promise<RunnerJobView>;
  readonly warn: (message: string, error: unknown) => void;
}

/** In place of what differs between two warm runners of one pool. */
const ANY = { warmRunnerId: 'any', jobName: 'any', volumeName: 'any' } as const;

/** Runners that wait as Jobs like the others, whose labels say from when on they are a run's. */
export class KubernetesWarmRunners implements WarmRunners {
  constructor(private readonly options: KubernetesWarmRunnersOptions) {}

  digest(launch: Pick<WarmLaunch, 'managerUrl' | 'backendKind' | 'secrets'>): string {
    const job = warmJobSpec({ ...ANY, ...launch }, this.options.runner);
    return createHash('sha256').update(JSON.stringify(job)).digest('hex');
  }

  async launch({ claimToken: token, ...launch }: WarmLaunch): Promise<RunnerJobView> {
    const { cluster, runner, view, warn } = this.options;
    return view(await launchJob(cluster, { wanted: warmJobSpec(launch, runner), token }, warn));
  }

  /** Of the Job alone: what a Pod was made with cannot be told of its template any more, and the Job is what is listed and watched. */
  async assign(launch: RunnerLaunch): Promise<RunnerLaunch | undefined> {
    const { cluster, runner } = this.options;
    const { jobName: name } = launch;
    const body = { metadata: { ...runMarks(launch, runner) } };
    const patched = cluster.batch.patchNamespacedJob({ name, namespace: runner.namespace, body }, MERGE_PATCH);
    const job = await asked(`to give the Job ${name} its run`, unlessMissing(patched));
    return job?.metadata?.deletionTimestamp === undefined && job !== undefined ? launch : undefined;
  }
}
