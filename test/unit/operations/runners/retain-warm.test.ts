import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { retainRunners, type RetentionParts } from '../../../../src/operations/runners/retain-runners.js';
import type { RetentionPolicy } from '../../../../src/domain/runner-retention.js';
import type { RunnerJobView } from '../../../../src/ports/runner-platform.js';

const LONG_AGO_MS = Date.now() - 3_600_000;
const waiting = (jobName: string): RunnerJobView => ({
  jobName,
  runId: '',
  attempt: 0,
  status: 'running',
  reason: null,
  exitCode: null,
  message: null,
  warmRunnerId: `wrm_${jobName}`,
  createdAtMs: LONG_AGO_MS,
  labels: {},
});

const POLICY: RetentionPolicy = {
  maxRunners: 1,
  activeHeartbeatMaxAgeMs: 1_000,
  matchLabels: {},
  jobNamePrefixes: ['job-'],
  cleanupOrder: 'oldest-inactive-last-active-first',
  maxAgeMs: null,
};

describe('retention of runners that wait', () => {
  it('deletes what its pool let go first, and leaves one that was given a run meanwhile', async () => {
    const stopped: string[] = [];
    const parts: RetentionParts = {
      platform: {
        list: async () => ['job-a', 'job-b', 'job-c'].map(waiting),
        stop: async (jobName) => void stopped.push(jobName),
      },
      leases: { read: async () => undefined },
      events: { last: async () => ({ seq: 0, atMs: null }) },
      // A run took the first.
      warmRunners: { retire: async (jobName) => (jobName === 'job-a' ? undefined : 'exec') },
      policy: POLICY,
    };
    const { items } = await retainRunners(parts, false);
    const outcomes = items.map(({ jobName, outcome }) => [jobName, outcome]);
    assert.deepEqual(outcomes, [
      ['job-a', 'active'],
      ['job-b', 'deleted'],
    ]);
    assert.deepEqual(stopped, ['job-b']);
  });

  it('leaves one that was given a run and has not claimed it yet, however long it waited', async () => {
    const stopped: string[] = [];
    const given = (runId: string) => ({ ...waiting(`job-${runId}`), runId, attempt: 1 });
    const lease = { alive: false, expiresAtMs: null, renewedAtMs: null, isOver: false, ended: false };
    const parts: RetentionParts = {
      platform: {
        list: async () => ['run_given', 'run_over', 'run_later'].map(given),
        stop: async (jobName) => void stopped.push(jobName),
      },
      // The last one's start deadline is over.
      leases: {
        read: async (runId) =>
          runId === 'run_over' ? undefined : { ...lease, attempt: runId === 'run_given' ? 1 : 2, runnerId: null },
      },
      events: { last: async () => ({ seq: 0, atMs: null }) },
      warmRunners: { retire: async () => undefined },
      policy: POLICY,
    };
    assert.equal((await retainRunners(parts, false)).active, 1);
    assert.deepEqual(stopped.toSorted(), ['job-run_later', 'job-run_over']);
  });
});
