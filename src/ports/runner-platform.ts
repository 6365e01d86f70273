import type { RunnerJobStatus } from '../domain/runner-job-status.js';
import type { SecretRef } from '../domain/secrets.js';
import type { SecretStore } from './secret-store.js';

/** Everything a platform needs to start the runner program for one attempt. */
export interface RunnerLaunch {
  readonly jobName: string;
  readonly jobId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly runnerId: string;
  readonly tenantId: string;
  readonly sessionId: string | null;
  readonly traceId: string;
  /** The span that the runner's belong under; the same for every try of one attempt. Absent where nobody wants spans. */
  readonly traceparent?: string;
  /** The volume that holds the conversation and its workspace; ensured before. */
  readonly volumeName: string;
  /** Where the runner reaches the manager. */
  readonly managerUrl: string;
  /** Secret. Reaches the runner by a way that its agent cannot read, and never a command line. */
  readonly runnerToken: string;
  /** How the agent is driven. */
  readonly backendKind: string;
  /** Bundles that the runner is handed as its token is; one that is not there (any more) is left out. */
  readonly secrets: readonly SecretRef[];
  readonly env: Readonly<Record<string, string>>;
  readonly image: string | null;
  readonly resources: unknown;
}

/** What a platform needs to start the runner program before there is a run for it. */
export interface WarmLaunch {
  readonly warmRunnerId: string;
  readonly jobName: string;
  /** Ensured before; the run's from when there is one. */
  readonly volumeName: string;
  readonly managerUrl: string;
  /** Secret, and good for one run. Reaches the runner as a runner token does. */
  readonly claimToken: string;
  readonly backendKind: string;
  readonly secrets: readonly SecretRef[];
}

/** The Job as the platform sees it. */
export interface RunnerJobView {
  readonly jobName: string;
  /** Empty, and `attempt` 0, while a warm runner has none. */
  readonly runId: string;
  readonly attempt: number;
  readonly status: RunnerJobStatus;
  /** In the platform's word: `exited`, `killed`, `OOMKilled`, `Unschedulable` … */
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly message: string | null;
  /** Of a Job that was told as ended: the last that it printed, where the platform is about to forget it. */
  readonly logTail?: string;
  readonly createdAtMs?: number;
  /** Of a runner that was started before there was a run for it. */
  readonly warmRunnerId?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface VolumeView {
  readonly name: string;
  readonly phase: 'Bound' | 'Pending' | 'Lost';
  /** How much it may hold; null or absent where nothing limits it. */
  readonly quotaBytes?: number | null;
}

/** Storage that outlives Jobs. Names follow from a session's or a run's id. */
export interface Volumes {
  /** Creates it unless it is there. */
  ensure(name: string): Promise<VolumeView>;
  describe(name: string): Promise<VolumeView | undefined>;
  /** Resolves when it is gone; deleting what is not there is fine. */
  delete(name: string): Promise<void>;
}

/** Runners that wait for a run, where a platform takes long enough to start one that it is worth it. */
export interface WarmRunners {
  /** Of everything that such a Job would be made from now but its names: another digest, and those that wait are stale. */
  digest(launch: Pick<WarmLaunch, 'managerUrl' | 'backendKind' | 'secrets'>): string;
  /** Starts the Job, or adopts the one of that name. */
  launch(launch: WarmLaunch): Promise<RunnerJobView>;
  /** Says in the Job whose it is now; answers the launch as its runner is to be told of it. Undefined where there is no such Job. */
  assign(launch: RunnerLaunch): Promise<RunnerLaunch | undefined>;
}

/**
 * Where runners run. `launch` and `stop` are idempotent, so that a caller who died half way repeats them.
 * Errors are `AgentRunError`s; one that will never succeed (a refused image, a broken spec) is not `unavailable`.
 */
export interface RunnerPlatform {
  readonly kind: 'local' | 'kubernetes';
  readonly namespace: string;
  /** What every Job's name begins with. */
  readonly jobNamePrefix: string;
  readonly volumes: Volumes;
  /** What runners are handed, kept where the platform keeps secrets. */
  readonly secrets: SecretStore;
  readonly warm?: WarmRunners;
  ready(): Promise<{ ready: boolean; message?: string }>;
  /** Starts the Job, or adopts the one of that name. */
  launch(launch: RunnerLaunch): Promise<RunnerJobView>;
  /** Asks the runner to end, then ends it with its whole process tree; resolves when nothing of it is left. Undefined when there was none. */
  stop(jobName: string, options: { graceMs: number }): Promise<RunnerJobView | undefined>;
  describe(jobName: string): Promise<RunnerJobView | undefined>;
  list(): Promise<RunnerJobView[]>;
  /** Tells of each Job that ended, at least once, also of those that ended while nobody watched. Runs until aborted; rejects when it cannot watch. */
  watch(
    onExit: (job: RunnerJobView) => Promise<void>,
    signal: AbortSignal,
    /** Told of what happens to a Job before its end, where the platform sees such things. */
    onChange?: (job: RunnerJobView) => Promise<void>,
  ): Promise<void>;
  /** Names of Jobs that ended longer ago than this, and are not kept for anybody any more. */
  listEnded(options: { olderThanMs: number }): Promise<string[]>;
  /** Deletes what is left of such a Job. @throws where it cannot be deleted now. */
  forget(jobName: string): Promise<void>;
  /** The last lines the runner program printed, for a diagnosis; empty when there are none. */
  logTail(jobName: string, maxBytes: number): Promise<string>;
}
