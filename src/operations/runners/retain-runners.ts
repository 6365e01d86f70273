import type { RunnerRetentionReport } from '../../contract/runner.js';
import { isActive, planRetention, type RetainedRunner, type RetentionPolicy } from '../../domain/runner-retention.js';
import type { EventStore } from '../../ports/event-store.js';
import type { LeaseStore } from '../../ports/lease-store.js';
import type { RunnerJobView, RunnerPlatform } from '../../ports/runner-platform.js';
import type { WarmRunnerStore } from '../../ports/warm-runner-store.js';

export interface RetentionParts {
  readonly platform: Pick<RunnerPlatform, 'list' | 'stop'>;
  readonly leases: Pick<LeaseStore, 'read'>;
  readonly events: Pick<EventStore, 'last'>;
  readonly warmRunners: Pick<WarmRunnerStore, 'retire'>;
  /** Undefined where runners are not capped. */
  readonly policy: RetentionPolicy | undefined;
}

type Entry = RunnerRetentionReport['items'][number];

/** What an inactive runner is given to end by itself. */
const GRACE_MS = 5_000;

/** One cycle: deletes the runners that the policy has no room for, the longest inactive first, and reports of each. */
export async function retainRunners(parts: RetentionParts, dryRun: boolean): Promise<RunnerRetentionReport> {
  const startedAt = new Date().toISOString();
  const { policy } = parts;
  if (policy === undefined) return report({ enabled: false, dryRun, startedAt });
  const runners = await Promise.all((await parts.platform.list()).map(async (job) => asRetained(parts, job)));
  const plan = planRetention(policy, runners, Date.now());
  const items: Entry[] = [];
  for (const { reason, ...runner } of plan.deletions) {
    const outcome = dryRun ? planned() : await deleteRunner(parts, policy, runner);
    const { jobName, runId, attempt } = runner;
    items.push({
      jobName,
      runId,
      attempt,
      lastActiveAt: new Date(runner.lastActiveAtMs).toISOString(),
      reason,
      ...outcome,
    });
  }
  const gone = items.filter(({ outcome }) => outcome === 'deleted').length;
  return {
    ...report({ enabled: true, dryRun, startedAt }),
    maxRunners: policy.maxRunners,
    cleanupOrder: policy.cleanupOrder,
    matching: plan.matching,
    active: plan.active,
    remaining: plan.matching - gone,
    items,
  };
}

/** The run's last event counts as its runner's word, too: rather one too many kept than one too few. */
async function asRetained({ leases, events }: RetentionParts, job: RunnerJobView): Promise<RetainedRunner> {
  const { jobName, runId, attempt, labels = {}, createdAtMs = 0, warmRunnerId } = job;
  const [lease, last] = await Promise.all([leases.read(runId), events.last(runId)]);
  const isIts = lease?.attempt === attempt && lease.alive;
  const renewedAtMs = (isIts ? lease.renewedAtMs : null) ?? 0;
  // It may wait for a Node, or have waited for this run, for long: where it does not claim, the start deadline ends the attempt.
  const isToClaim = lease?.attempt === attempt && lease.runnerId === null && !lease.ended;
  const lastActiveAtMs = isToClaim ? Date.now() : Math.max(createdAtMs, renewedAtMs, last.atMs ?? 0);
  const holdsLease = isIts && !lease.isOver;
  return { jobName, runId, attempt, labels, warmRunnerId, lastActiveAtMs, holdsLease };
}

/** It is asked about once more just before: the plan may be a while old. */
async function deleteRunner(
  parts: RetentionParts,
  policy: RetentionPolicy,
  runner: RetainedRunner,
): Promise<Pick<Entry, 'outcome' | 'message'>> {
  try {
    const { lastActiveAtMs: createdAtMs, ...job } = runner;
    const now = await asRetained(parts, { ...UNSEEN, ...job, createdAtMs });
    if (isActive(policy, now, Date.now())) return { outcome: 'active', message: null };
    // One that waits must not be given a run while it goes.
    if (runner.runId === '' && (await parts.warmRunners.retire(runner.jobName)) === undefined)
      return { outcome: 'active', message: null };
    await parts.platform.stop(runner.jobName, { graceMs: GRACE_MS });
    return { outcome: 'deleted', message: null };
  } catch (error) {
    return { outcome: 'failed', message: (error as Error).message };
  }
}

const UNSEEN = { status: 'running', reason: null, exitCode: null, message: null } as const;

function planned(): Pick<Entry, 'outcome' | 'message'> {
  return { outcome: 'planned', message: null };
}

function report(given: Pick<RunnerRetentionReport, 'enabled' | 'dryRun' | 'startedAt'>): RunnerRetentionReport {
  return {
    action: 'runner-retention',
    ...given,
    maxRunners: null,
    cleanupOrder: null,
    matching: 0,
    active: 0,
    remaining: 0,
    items: [],
    finishedAt: new Date().toISOString(),
    valuesPrinted: false,
  };
}
