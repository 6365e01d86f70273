/** Lease and limits of a run, in milliseconds. */
export const LEASE_MS = { min: 1_000, max: 3_600_000, default: 60_000 } as const;

export const RUN_DEFAULTS = {
  maxAttempts: 3,
  /** First wait before another attempt; doubles each time. */
  backoffMs: 2_000,
  maxBackoffMs: 60_000,
  turnTimeoutMs: 3_600_000,
  idleTimeoutMs: 900_000,
} as const;

/** Wait before attempt `next` (2, 3, …): exponential from `backoffMs`, capped. No jitter: each run has its own clock, and replay must agree. */
export function backoffBeforeAttempt(next: number, policy: { backoffMs: number; maxBackoffMs: number }): number {
  const exponent = Math.max(0, next - 2);
  return Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** Math.min(exponent, 30));
}
