import assert from 'node:assert/strict';
import { runnerIdOfJob, runnerJobId } from '../../../src/domain/ids.js';
import { nextStep, type Step } from '../../../workflows/run/next-step.js';
import type { RunState } from '../../../workflows/run/run-state.js';
import { newState, POLICY, runInput } from './run-fixtures.js';

const JOB_RUNNER = runnerIdOfJob(runnerJobId(runInput().runId, 1));
const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;

interface Row {
  readonly when: string;
  readonly given: (run: RunState) => void;
  readonly afterMs?: number;
  readonly then: Partial<Step> & { do: Step['do'] };
}

const working = (run: RunState) => {
  run.addCommand('cmd_a', 'turn');
  run.claim('runner-1', 60_000);
  run.ackCommand('cmd_a', undefined);
};
const betweenTurns = (run: RunState) => {
  working(run);
  run.finishCommand({ runId: 'run_00000000000000000001', commandId: 'cmd_a', outcome: COMPLETED });
};
const launched = (run: RunState) => {
  run.requestJob(1);
  run.jobLaunched(1);
};

/** Its Job's runner, told of while the API was away; `holder` has claimed and works. */
const givenUp = (run: RunState, holder: string | null) => {
  launched(run);
  if (holder !== null) {
    run.addCommand('cmd_a', 'turn');
    run.claim(holder, 60_000);
    run.ackCommand('cmd_a', undefined);
  }
  const heldUntilMs = Date.now() + 10 * POLICY.turnTimeoutMs;
  run.data.job.exited = { attempt: 1, reason: 'exited', exitCode: 6, heldUntilMs };
};

const TABLE: Row[] = [
  { when: 'nobody asked for a Job', given: () => undefined, then: { do: 'wait', name: 'unclaimed' } },
  { when: 'nobody ever claimed', given: () => undefined, afterMs: POLICY.unclaimedTtlMs, then: { do: 'end' } },
  { when: 'a Job is asked for', given: (run) => run.requestJob(1), then: { do: 'launch-job', attempt: 1 } },
  { when: 'the Job is starting', given: launched, then: { do: 'wait', name: 'start deadline' } },
  { when: 'the Job never claimed', given: launched, afterMs: POLICY.startDeadlineMs, then: { do: 'lose', attempt: 1 } },
  {
    when: 'a runner holds it',
    given: (run) => run.claim('runner-1', 60_000),
    then: { do: 'wait', name: 'lease backstop' },
  },
  {
    when: 'nobody told of the lease for an hour',
    given: (run) => run.claim('runner-1', 60_000),
    afterMs: POLICY.leaseBackstopMs,
    then: { do: 'check-lease', attempt: 1 },
  },
  {
    when: 'the lease is in doubt',
    given: (run) => (run.claim('runner-1', 60_000), (run.data.leaseDoubt = 1)),
    then: { do: 'check-lease', attempt: 1 },
  },
  {
    when: 'the Job ended under its run',
    given: (run) => (
      launched(run),
      run.claim(JOB_RUNNER, 60_000),
      (run.data.job.exited = { attempt: 1, reason: 'killed', exitCode: 137 })
    ),
    then: { do: 'lose', loss: { why: 'runner-exited', claimed: true, reason: 'killed', exitCode: 137 } },
  },
  {
    when: 'its runner gave up while the API was away, and its turn passed its limit since',
    given: (run) => givenUp(run, JOB_RUNNER),
    afterMs: 9 * POLICY.turnTimeoutMs,
    then: { do: 'wait', name: 'API outage' },
  },
  {
    when: 'it is time to ask whether the API is there again',
    given: (run) => givenUp(run, JOB_RUNNER),
    afterMs: 10 * POLICY.turnTimeoutMs,
    then: { do: 'lose', loss: { why: 'runner-exited', claimed: true, reason: 'exited', exitCode: 6 } },
  },
  {
    when: 'its runner gave up before it could claim',
    given: (run) => givenUp(run, null),
    afterMs: 10 * POLICY.startDeadlineMs,
    then: { do: 'wait', name: 'API outage' },
  },
  {
    when: 'its runner gave up, and another one holds the run',
    given: (run) => givenUp(run, 'runner-1'),
    then: { do: 'wait', name: 'silence limit' },
  },
  {
    when: 'the Job ended because another runner holds the run',
    given: (run) => (
      launched(run),
      run.claim('runner-1', 60_000),
      (run.data.job.exited = { attempt: 1, reason: 'exited', exitCode: 3 })
    ),
    then: { do: 'wait', name: 'lease backstop' },
  },
  {
    when: 'the Job of an earlier attempt ended',
    given: (run) => (
      working(run),
      run.lose({ why: 'lease-expired' }),
      (run.data.job.exited = { attempt: 1, reason: 'killed', exitCode: 137 })
    ),
    then: { do: 'wait' },
  },
  {
    when: 'an attempt with a Job was lost',
    given: (run) => {
      launched(run);
      run.claim('runner-1', 60_000);
      run.lose({ why: 'lease-expired' });
    },
    then: { do: 'stop-job', attempt: 1 },
  },
  {
    when: 'its Job is gone, before the backoff is over',
    given: (run) => (
      launched(run),
      run.claim('runner-1', 60_000),
      run.lose({ why: 'lease-expired' }),
      (run.data.job.stopFirst = null)
    ),
    then: { do: 'wait', name: 'backoff' },
  },
  {
    when: 'its Job is gone, after the backoff',
    given: (run) => (
      launched(run),
      run.claim('runner-1', 60_000),
      run.lose({ why: 'lease-expired' }),
      (run.data.job.stopFirst = null)
    ),
    afterMs: POLICY.backoffMs,
    then: { do: 'launch-job', attempt: 2 },
  },
  { when: 'a turn runs', given: working, then: { do: 'wait', name: 'silence limit' } },
  {
    when: 'a turn may have been silent for too long',
    given: working,
    afterMs: POLICY.idleTimeoutMs + POLICY.limitGraceMs,
    then: { do: 'check-silence', commandId: 'cmd_a' },
  },
  {
    when: 'a turn passed its limit though it is not silent',
    given: (run) => (working(run), (run.command('cmd_a').activeAtMs = Date.now() + POLICY.turnTimeoutMs)),
    afterMs: POLICY.turnTimeoutMs + POLICY.limitGraceMs,
    then: { do: 'end-turn', commandId: 'cmd_a' },
  },
  {
    when: 'a turn passed its limit while its runner could not say how it ended',
    given: (run) => {
      working(run);
      const command = run.command('cmd_a');
      command.activeAtMs = Date.now() + POLICY.turnTimeoutMs;
      command.limitNotBeforeMs = Date.now() + POLICY.turnTimeoutMs + 2 * POLICY.limitGraceMs;
    },
    afterMs: POLICY.turnTimeoutMs + POLICY.limitGraceMs,
    then: { do: 'wait', name: 'turn limit' },
  },
  {
    when: 'a runner ignores the cancel of its turn',
    given: (run) => (working(run), run.cancelCommand('cmd_a', null)),
    afterMs: POLICY.cancelGraceMs,
    then: { do: 'end-turn', loss: { why: 'cancel-ignored', graceMs: POLICY.cancelGraceMs } },
  },
  {
    when: 'a runner ignores the cancel of its run',
    given: (run) => (working(run), run.cancelRun(null)),
    afterMs: POLICY.cancelGraceMs,
    then: { do: 'end' },
  },
  {
    when: 'a runner with a Job was lost between turns',
    given: (run) => (
      launched(run),
      betweenTurns(run),
      run.lose({ why: 'lease-expired' }),
      (run.data.job.stopFirst = null)
    ),
    then: { do: 'wait', name: 'idle end' },
  },
  {
    when: '… and no command came',
    given: (run) => (
      launched(run),
      betweenTurns(run),
      run.lose({ why: 'lease-expired' }),
      (run.data.job.stopFirst = null)
    ),
    afterMs: POLICY.runnerIdleTimeoutMs,
    then: { do: 'end', outcome: COMPLETED },
  },
  {
    when: '… and a command came',
    given: (run) => {
      launched(run);
      betweenTurns(run);
      run.lose({ why: 'lease-expired' });
      run.data.job.stopFirst = null;
      run.addCommand('cmd_b', 'turn');
    },
    afterMs: POLICY.backoffMs,
    then: { do: 'launch-job', attempt: 2 },
  },
  { when: 'it ended', given: (run) => run.cancelRun(null), then: { do: 'wait', name: 'ended' } },
];

describe('nextStep', () => {
  for (const { when, given, afterMs = 0, then } of TABLE) {
    it(`when ${when}${afterMs > 0 ? ` (after ${afterMs} ms)` : ''}: ${then.do}`, () => {
      const run = newState();
      given(run);
      // The state was made a few milliseconds ago; half a second is far from every limit in the table.
      const slackMs = afterMs > 0 ? 500 : 0;
      const step = nextStep(runInput(), run.data, Date.now() + afterMs + slackMs);
      assert.deepEqual({ ...step, ...then }, step);
    });
  }
});
