/** How many runners a namespace keeps, and which go first. */
export interface RetentionPolicy {
  /** From 1. */
  readonly maxRunners: number;
  /** A runner that was heard of within this is active: it is never touched. */
  readonly activeHeartbeatMaxAgeMs: number;
  /** Only Jobs with all of these labels are counted. */
  readonly matchLabels: Readonly<Record<string, string>>;
  /** And whose names begin with one of these. */
  readonly jobNamePrefixes: readonly string[];
  readonly cleanupOrder: 'oldest-inactive-last-active-first';
  /** Inactive runners that were last active longer ago go whatever their number; null leaves them. */
  readonly maxAgeMs: number | null;
}

/** One runner as retention sees it. Times are epoch milliseconds. */
export interface RetainedRunner {
  readonly jobName: string;
  readonly runId: string;
  readonly attempt: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Of one that was started before there was a run for it. */
  readonly warmRunnerId?: string;
  /** When it was last heard of: its heartbeat, else when its Job was made. */
  readonly lastActiveAtMs: number;
  /** Nobody else may take its attempt over now. */
  readonly holdsLease: boolean;
}

export type RetentionReason = 'over-cap' | 'too-old';

export interface RetentionPlan {
  /** How many count. */
  readonly matching: number;
  readonly active: number;
  /** In the order in which they go. */
  readonly deletions: readonly (RetainedRunner & { readonly reason: RetentionReason })[];
}

/** Which runners go: never an active one, even where more than the cap are active. Pure. */
export function planRetention(
  policy: RetentionPolicy,
  runners: readonly RetainedRunner[],
  nowMs: number,
): RetentionPlan {
  const matching = runners.filter((runner) => counts(policy, runner));
  const inactive = matching.filter((runner) => !isActive(policy, runner, nowMs)).sort(oldestFirst);
  const excess = Math.max(0, matching.length - policy.maxRunners);
  const isOld = (runner: RetainedRunner) => policy.maxAgeMs !== null && nowMs - runner.lastActiveAtMs > policy.maxAgeMs;
  const reasonOf = (runner: RetainedRunner, index: number): RetentionReason | undefined =>
    index < excess ? 'over-cap' : isOld(runner) ? 'too-old' : undefined;
  const deletions = inactive.flatMap((runner, index) => {
    const reason = reasonOf(runner, index);
    return reason === undefined ? [] : [{ ...runner, reason }];
  });
  return { matching: matching.length, active: matching.length - inactive.length, deletions };
}

export function isActive(policy: RetentionPolicy, runner: RetainedRunner, nowMs: number): boolean {
  return runner.holdsLease || nowMs - runner.lastActiveAtMs < policy.activeHeartbeatMaxAgeMs;
}

/** How many more there may be. */
export function roomFor(
  policy: RetentionPolicy | undefined,
  runners: readonly Pick<RetainedRunner, 'jobName' | 'labels'>[],
): number {
  if (policy === undefined) return Infinity;
  return Math.max(0, policy.maxRunners - runners.filter((runner) => counts(policy, runner)).length);
}

function counts(
  { matchLabels, jobNamePrefixes }: RetentionPolicy,
  { jobName, labels }: Pick<RetainedRunner, 'jobName' | 'labels'>,
): boolean {
  const hasLabels = Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
  return hasLabels && jobNamePrefixes.some((prefix) => jobName.startsWith(prefix));
}

/** The name decides between runners of one moment, so that a repeat decides the same. */
function oldestFirst(a: RetainedRunner, b: RetainedRunner): number {
  return a.lastActiveAtMs - b.lastActiveAtMs || (a.jobName < b.jobName ? -1 : 1);
}
