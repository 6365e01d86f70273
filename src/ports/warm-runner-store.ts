/** A runner that was started before any run wanted it. Times are measured by the store's clock. */
export interface WarmRunner {
  readonly id: string;
  readonly backendProfile: string;
  /** A digest of all that it was made from. */
  readonly spec: string;
  readonly jobName: string;
  readonly volumeName: string;
  readonly state: 'waiting' | 'leaving';
  readonly ageMs: number;
  /** Since its process asked last; longer where nobody listens there since; null before it asks. */
  readonly askedAgoMs: number | null;
  readonly hasAsked: boolean;
}

export type NewWarmRunner = Pick<WarmRunner, 'id' | 'backendProfile' | 'spec' | 'jobName' | 'volumeName'>;

/** One that a run's attempt has, and no other ever. */
export interface TakenWarmRunner {
  readonly id: string;
  readonly jobName: string;
  readonly volumeName: string;
}

/** What the process of a warm runner is told when it asks. */
export type WarmAnswer =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'assigned'; readonly runId: string; readonly attempt: number; readonly traceparent: string | null }
  /** It was told to leave, serves a run already, or another process came with its token. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

/** How a pool's runners fail, so that a broken image does not make Pods without end. */
export interface PoolFailures {
  readonly backendProfile: string;
  readonly failures: number;
  readonly failedAgoMs: number;
}

/** Warm runners and whose they are. All methods throw `unavailable('database')` when PostgreSQL cannot be reached. */
export interface WarmRunnerStore {
  add(runner: NewWarmRunner): Promise<void>;
  /** Those that wait and those that leave, oldest first. */
  list(): Promise<WarmRunner[]>;
  isEmpty(): Promise<boolean>;
  /**
   * Decides, once and for good, whether the attempt of this Job starts warm: gives it a runner that waits, was made from `spec`, and asked
   * within `freshMs`, with its volume and its name. Null `fits` decides for cold. Asking again answers the same. Undefined: cold.
   */
  take(
    jobId: string,
    fits: { readonly backendProfile: string; readonly spec: string; readonly freshMs: number } | null,
  ): Promise<TakenWarmRunner | undefined>;
  /** From now on its process is told the run. */
  assign(id: string, traceparent: string | null): Promise<void>;
  /** Takes it from a Job that could not use it, unless it was assigned: the attempt starts cold, under `jobName`, and the runner leaves. */
  giveBack(jobId: string, jobName: string): Promise<boolean>;
  /** For its process, of which `holder` is the name: the first that asks stays the only one. */
  ask(id: string, holder: string): Promise<WarmAnswer>;
  /** Its process asks no more, for now: it is silent, and no run takes it, until it asks again. */
  left(id: string, holder: string): Promise<void>;
  /** Tells one that waits to leave; answers its backend profile. Undefined when it is not there, leaves already, or a run has it. */
  retire(jobName: string): Promise<string | undefined>;
  /** After nothing of it is left. */
  forget(id: string): Promise<void>;
  /** Forgets those whose run needs their name no more: their Job has ended. */
  forgetUsed(): Promise<void>;
  /** Whose Job this is, where a run's attempt took it. */
  runOf(jobName: string): Promise<{ runId: string; attempt: number } | undefined>;
  failed(backendProfile: string, message: string): Promise<void>;
  succeeded(backendProfile: string): Promise<void>;
  failures(): Promise<PoolFailures[]>;
}
