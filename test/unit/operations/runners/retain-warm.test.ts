import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { retainRunners, type RetentionParts } from '../../../../src/operations/runners/retain-runners.js';
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
      policy: {
        maxRunners: 1,
        activeHeartbeatMaxAgeMs: 1_000,
        matchLabels: {},
        jobNamePrefixes: ['job-'],
        cleanupOrder: 'oldest-inactive-last-active-first',
        maxAgeMs: null,
      },
    };
    const { items } = await retainRunners(parts, false);
    const outcomes = items.map(({ jobName, outcome }) => [jobName, outcome]);
    assert.deepEqual(outcomes, [
      ['job-a', 'active'],
      ['job-b', 'deleted'],
    ]);
    assert.deepEqual(stopped, ['job-b']);
  });
});
