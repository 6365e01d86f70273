import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { retainRunners } from '../../../../src/operations/runners/retain-runners.js';
import type { LeaseView } from '../../../../src/ports/lease-store.js';
import type { RunnerJobView } from '../../../../src/ports/runner-platform.js';
import { POLICY, retentionOf, UNCLAIMED } from './retention-fixture.js';

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
    const { parts, stopped } = retentionOf([...Object.keys(LEASES), 'run_unknown'].map(jobOf), {
      leases: { read: async (runId) => LEASES[runId] },
      policy: { ...POLICY, maxAgeMs: 1_000 },
    });
    assert.equal((await retainRunners(parts, false)).active, 2);
    const inactive = ['claimed', 'ended', 'further', 'silent', 'unknown'];
    assert.deepEqual(
      stopped.toSorted(),
      inactive.map((id) => `job-run_${id}`),
    );
  });
});
