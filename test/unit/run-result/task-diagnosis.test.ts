import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { TaskRecord } from '../../../src/contract/task.js';
import { taskDiagnosis } from '../../../src/run-result/task-diagnosis.js';
import { taskAttempt, taskRecord } from '../../support/task-records.js';

const AT = '2026-01-01T00:00:00.000Z';

const attempt = taskAttempt({
  attempt: 2,
  state: 'failed',
  failureKind: 'runner-lost',
  failureMessage: 'The machine was lost.',
  finishedAt: AT,
});

const record = taskRecord({ queue: 'nightly' });

const NEEDS = 'The turn needs input: which branch; answer it with a new run.';
const OPEN = { concurrency: 4, paused: false };

const CASES: [
  says: string,
  task: Partial<TaskRecord>,
  more?: { attempt?: string; queue?: { concurrency: number; paused: boolean } },
][] = [
  ['Nobody has dispatched the task yet; dispatch it, or cancel it.', {}],
  [
    'The task begins by itself at 2030-01-01T00:00:00.000Z; wait, or cancel it.',
    { phase: 'waiting-until', waitingUntil: '2030-01-01T00:00:00.000Z' },
  ],
  [
    "The task waits for one of the 4 slots of its queue nightly; wait, or raise the queue's concurrency.",
    { phase: 'waiting-for-slot' },
  ],
  [
    'The queue nightly is paused, and the task waits for it; let the queue go on.',
    { phase: 'waiting-for-slot' },
    { queue: { concurrency: 4, paused: true } },
  ],
  [
    'The queue nightly starts no task, its concurrency is 0; raise that.',
    { phase: 'waiting-for-slot' },
    { queue: { concurrency: 0, paused: false } },
  ],
  ['The task has a slot of its queue, and attempt 1 is being started; wait.', { state: 'running', phase: 'starting' }],
  ['As its run says.', { state: 'running', phase: 'running', latestAttempt: attempt }, { attempt: 'As its run says.' }],
  ['Attempt 2 of 3 is live; wait, or cancel the task.', { state: 'running', phase: 'running', latestAttempt: attempt }],
  [
    'Attempt 2 of 3 failed: the machine was lost; the next one begins by itself at 2030-01-01T00:00:00.000Z; wait, or dispatch or cancel the task.',
    { phase: 'waiting-to-retry', latestAttempt: attempt, waitingUntil: '2030-01-01T00:00:00.000Z' },
  ],
  [
    'A cancel was asked for, and what works on the task is being stopped; wait for the end.',
    { state: 'running', phase: 'cancelling', cancelRequestedAt: AT, latestAttempt: attempt },
  ],
  [
    'What works on the task is being stopped; wait for the end.',
    { state: 'running', phase: 'cancelling', latestAttempt: attempt },
  ],
  [
    'The task completed in attempt 2 of 3; read the reply of its run.',
    { state: 'completed', phase: 'ended', latestAttempt: attempt },
  ],
  [
    'The task was cancelled (no longer wanted); make it again if it is still wanted.',
    { state: 'cancelled', phase: 'ended', cancelReason: 'no longer wanted.' },
  ],
  [
    'The task failed after attempt 2 of 3: the agent or its command failed; mend that and dispatch the task again.',
    {
      state: 'failed',
      phase: 'ended',
      failureKind: 'backend-failed',
      latestAttempt: { ...attempt, failureMessage: null },
    },
  ],
  [
    'The task is blocked after attempt 2 of 3: the machine was lost; mend that and dispatch the task again.',
    {
      state: 'blocked',
      phase: 'ended',
      failureKind: 'runner-lost',
      failureMessage: 'Each of 2 attempts failed. Dispatch the task again.',
      latestAttempt: attempt,
    },
  ],
  [
    'The task failed after attempt 5: the machine was lost; mend that and dispatch the task again.',
    { state: 'failed', phase: 'ended', failureKind: 'runner-lost', latestAttempt: { ...attempt, attempt: 5 } },
  ],
  [
    'The task failed: nothing was said about why; mend that and dispatch the task again.',
    { state: 'failed', phase: 'ended' },
  ],
  [NEEDS, { state: 'blocked', phase: 'ended', latestAttempt: attempt }, { attempt: NEEDS }],
];

describe('the diagnosis of a task', () => {
  for (const [says, task, more = {}] of CASES) {
    it(`says: ${says}`, () => {
      const facts = { task: { ...record, ...task }, attempt: more.attempt ?? null, queue: more.queue ?? OPEN };
      assert.equal(taskDiagnosis(facts), says);
    });
  }

  it('is of bounded length', () => {
    const failureMessage = 'x'.repeat(10_000);
    const task = { ...record, state: 'failed', phase: 'ended', failureMessage } as const;
    assert.ok(taskDiagnosis({ task, attempt: null, queue: OPEN }).length <= 500);
  });
});
