import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { retainRunners } from '../../../../src/operations/runners/retain-runners.js';
import type { RunnerJobView } from '../../../../src/ports/runner-platform.js';
import { retentionOf, UNCLAIMED } from './retention-fixture.js';

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
    const { parts, stopped } = retentionOf(['job-a', 'job-b', 'job-c'].map(waiting), {
      // A run took the first.
      warmRunners: { retire: async (jobName) => (jobName === 'job-a' ? undefined : 'exec') },
    });
    const { items } = await retainRunners(parts, false);
    const outcomes = items.map(({ jobName, outcome }) => [jobName, outcome]);
    assert.deepEqual(outcomes, [
      ['job-a', 'active'],
      ['job-b', 'deleted'],
    ]);
    assert.deepEqual(stopped, ['job-b']);
  });

  it('leaves one that was given a run and has not claimed it yet, however long it waited', async () => {
    const given = (runId: string) => ({ ...waiting(`job-${runId}`), runId, attempt: 1 });
    const { parts, stopped } = retentionOf(['run_given', 'run_over', 'run_later'].map(given), {
      // The last one's start deadline is over.
      leases: {
        read: async (runId) =>
          runId === 'run_over' ? undefined : { ...UNCLAIMED, attempt: runId === 'run_given' ? 1 : 2 },
      },
    });
    assert.equal((await retainRunners(parts, false)).active, 1);
    assert.deepEqual(stopped.toSorted(), ['job-run_later', 'job-run_over']);
  });
});
