import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RetentionPolicy } from '../../../../src/domain/runner-retention.js';
import { retainRunners, type RetentionParts } from '../../../../src/operations/runners/retain-runners.js';
import type { LeaseView } from '../../../../src/ports/lease-store.js';
import type { RunnerJobView } from '../../../../src/ports/runner-platform.js';

const POLICY: RetentionPolicy = {
  maxRunners: 1,
  activeHeartbeatMaxAgeMs: 1_000,
  matchLabels: {},
  jobNamePrefixes: ['job-'],
  cleanupOrder: 'oldest-inactive-last-active-first',
  maxAgeMs: 1_000,
};

const UNCLAIMED: LeaseView = {
  attempt: 1,
  runnerId: null,
  alive: false,
  expiresAtMs: null,
  renewedAtMs: null,
  isOver: false,
  ended: false,
};

const LEASES: Record<string, LeaseView | undefined> = {
  run_starts: UNCLAIMED,
  run_ended: { ...UNCLAIMED, ended: true },
  run_further: { ...UNCLAIMED, attempt: 2 },
  run_claimed: { ...UNCLAIMED, runnerId: 'rnr_1' },
  // Nobody could renew it for an outage of ours.
  run_held: { ...UNCLAIMED, runnerId: 'rnr_2', alive: true, expiresAtMs: Date.now() - 600_000 },
  run_silent: { ...UNCLAIMED, runnerId: 'rnr_3', alive: true, expiresAtMs: Date.now() - 600_000, isOver: true },
};

function jobOf(runId: string): RunnerJobView {
  const createdAtMs = Date.now() - 600_000;
  const waits = { status: 'starting', reason: 'Unschedulable', exitCode: null, message: null } as const;
  return { jobName: `job-${runId}`, runId, attempt: 1, ...waits, createdAtMs, labels: {} };
}

describe('retention of runners that nobody has heard of', () => {
  it('leaves one whose run waits for it, or whose lease is not over, and no other', async () => {
    const stopped: string[] = [];
    const parts: RetentionParts = {
      platform: {
        list: async () => [...Object.keys(LEASES), 'run_unknown'].map(jobOf),
        stop: async (jobName) => void stopped.push(jobName),
      },
      leases: { read: async (runId) => LEASES[runId] },
      events: { last: async () => ({ seq: 0, atMs: null }) },
      warmRunners: { retire: async () => undefined },
      policy: POLICY,
    };
    assert.equal((await retainRunners(parts, false)).active, 2);
    const inactive = ['claimed', 'ended', 'further', 'silent', 'unknown'];
    assert.deepEqual(
      stopped.toSorted(),
      inactive.map((id) => `job-run_${id}`),
    );
  });
});
