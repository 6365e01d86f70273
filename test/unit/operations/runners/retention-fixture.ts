import type { RetentionPolicy } from '../../../../src/domain/runner-retention.js';
import type { RetentionParts } from '../../../../src/operations/runners/retain-runners.js';
import type { LeaseView } from '../../../../src/ports/lease-store.js';
import type { RunnerJobView } from '../../../../src/ports/runner-platform.js';

/** Keeps one. */
export const POLICY: RetentionPolicy = {
  maxRunners: 1,
  activeHeartbeatMaxAgeMs: 1_000,
  matchLabels: {},
  jobNamePrefixes: ['job-'],
  cleanupOrder: 'oldest-inactive-last-active-first',
  maxAgeMs: null,
};

/** Of an attempt that still waits for its runner. */
export const UNCLAIMED: LeaseView = {
  attempt: 1,
  runnerId: null,
  alive: false,
  expiresAtMs: null,
  renewedAtMs: null,
  isOver: false,
  ended: false,
};

/** Retention over these Jobs, of which nobody was heard; and the names of those that it stops. */
export function retentionOf(
  jobs: readonly RunnerJobView[],
  more: Partial<RetentionParts> = {},
): { parts: RetentionParts; stopped: string[] } {
  const stopped: string[] = [];
  const parts: RetentionParts = {
    platform: { list: async () => [...jobs], stop: async (jobName) => void stopped.push(jobName) },
    leases: { read: async () => undefined },
    events: { last: async () => ({ seq: 0, atMs: null }) },
    warmRunners: { retire: async () => undefined },
    policy: POLICY,
    ...more,
  };
  return { parts, stopped };
}
