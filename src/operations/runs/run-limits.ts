import type { RunPolicy } from '../../domain/run-messages.js';
import type { ExecutionPolicy, RetryPolicy } from '../../contract/run.js';

/** Waits that the manager's configuration decides for every run, in milliseconds; `RunPolicy` says what each means. */
export type RunLimits = Pick<
  RunPolicy,
  | 'startDeadlineMs'
  | 'unclaimedTtlMs'
  | 'cancelGraceMs'
  | 'limitGraceMs'
  | 'runnerIdleTimeoutMs'
  | 'leaseBackstopMs'
  | 'jobStopGraceMs'
>;

export const DEFAULT_RUN_LIMITS: RunLimits = {
  startDeadlineMs: 120_000,
  unclaimedTtlMs: 7 * 86_400_000,
  cancelGraceMs: 15_000,
  limitGraceMs: 15_000,
  runnerIdleTimeoutMs: 600_000,
  leaseBackstopMs: 5_400_000,
  jobStopGraceMs: 10_000,
};

/** What a run's workflow holds its runners to: the caller's wishes and our limits. */
export function runPolicy(execution: ExecutionPolicy, retry: RetryPolicy, limits: RunLimits): RunPolicy {
  return {
    ...limits,
    maxAttempts: retry.maxAttempts,
    backoffMs: retry.backoffMs,
    maxBackoffMs: retry.maxBackoffMs,
    turnTimeoutMs: execution.timeoutMs,
    idleTimeoutMs: execution.idleTimeoutMs,
  };
}
