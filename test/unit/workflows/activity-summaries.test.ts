import assert from 'node:assert/strict';
import { createActivities } from '../../../activities/index.js';
import type { ActivityPorts } from '../../../activities/ports.js';
import { activitySummary } from '../../../workflows/activity-summaries.js';

/** Activities are made of these, and none is run. */
const PORTS = { stopping: new AbortController().signal, operations: {} } as ActivityPorts;

describe('the summary of an activity', () => {
  const CASES: [activity: string, argument: unknown, expected: string][] = [
    [
      'projectRun',
      { status: 'pending', attempt: 2, events: [{ payload: { phase: 'attempt-lost' } }, { payload: {} }] },
      'pending, attempt 2: attempt-lost',
    ],
    ['projectRun', { status: 'running', attempt: 1, events: [] }, 'running, attempt 1'],
    ['launchRunnerJob', { runId: 'run_1', attempt: 3 }, 'Makes the runner Job of attempt 3'],
    ['stopRunnerJob', { jobId: 'rjob_0123a2', graceMs: 1 }, 'Stops the runner Job of attempt 2'],
    [
      'stopRunnerJob',
      { jobId: 'rjob_0123a1', graceMs: 1, snapshot: { status: 'completed', attempt: 1, events: [] } },
      'Stops the runner Job of attempt 1, after writing: completed, attempt 1',
    ],
    [
      'projectTask',
      { state: 'pending', phase: 'waiting-for-slot', attempt: 0 },
      'pending (waiting-for-slot), attempt 0',
    ],
  ];
  for (const [activity, argument, expected] of CASES) {
    it(`${activity}: ${expected}`, () => assert.equal(activitySummary(activity, [argument]), expected));
  }

  it('is there for every activity, whatever it is given, and one short line', () => {
    for (const activity of Object.keys(createActivities(PORTS))) {
      for (const args of [[], [undefined], ['text'], [{ sessionId: 'x'.repeat(900) }]]) {
        const summary = activitySummary(activity, args);
        assert.ok(summary !== undefined && summary.length > 0 && summary.length <= 120, `${activity}: ${summary}`);
      }
    }
  });

  it('is none for what nobody knows', () => {
    assert.equal(activitySummary('constructor', []), undefined);
  });
});
