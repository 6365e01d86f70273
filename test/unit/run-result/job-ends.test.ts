import assert from 'node:assert/strict';
import { JOB_END_REASONS } from '../../../src/domain/job-end-reasons.js';
import { buildRunResult } from '../../../src/run-result/build-run-result.js';
import { endedRun, factsOf, jobRecord, runRecord } from './facts.js';

const FAILED = { status: 'failed', terminalStatus: 'failed' } as const;

function resultOf(reason: string, message: string | null = null) {
  const run = endedRun({ ...FAILED, failureKind: 'runner-lost', failureMessage: 'The runner ended.' });
  return buildRunResult(factsOf(run, { runnerJob: jobRecord({ status: 'failed', reason, message }) }));
}

describe("the end of a runner's Job, in the platform's words", () => {
  it('has a diagnosis and a first action of its own for each reason', () => {
    const results = JOB_END_REASONS.map((reason) => ({ reason, ...resultOf(reason) }));
    assert.equal(new Set(results.map(({ diagnosis }) => diagnosis)).size, JOB_END_REASONS.length);
    for (const { reason, diagnosis, liveness } of results) {
      assert.ok(diagnosis.includes(`(${reason})`), diagnosis);
      const [first, second] = liveness.recoveryActions;
      assert.ok(first?.reasonHint, reason);
      assert.equal(second?.action, 'inspect-runner-job');
    }
  });

  it('quotes what the cluster said, and says what to do', () => {
    const { diagnosis } = resultOf('Unschedulable', '0/3 nodes are available: 3 Insufficient memory.');
    assert.match(diagnosis, /0\/3 nodes are available: 3 Insufficient memory.*ask for less/);
  });

  it('quotes the cluster while the Job begins as well, and says what to do beside waiting', () => {
    const message = '0/3 nodes are available: 3 Insufficient memory.';
    const waiting = factsOf(runRecord(), { runnerJob: jobRecord({ reason: 'Unschedulable', message }) });
    const { diagnosis } = buildRunResult(waiting);
    assert.match(
      diagnosis,
      /\(Unschedulable: 0\/3 nodes are available: 3 Insufficient memory\).*; wait, or ask for less/,
    );
  });

  it('asks nobody to look at a Job that was never made, and quotes more of why', () => {
    const why = `exceeded quota: agents, requested: count/jobs.batch=1, used: count/jobs.batch=9, limited: count/jobs.batch=9`;
    const failureMessage = `The runner Job of attempt 1 could not be made: the namespace's quota has no room for the Job agentrun-v01-runner-01a21c3606c777a882624734bc99d2a8a1: ${why}`;
    const run = endedRun({ ...FAILED, failureKind: 'runner-start-failed', failureMessage });
    // Its end is written a moment after the run's.
    for (const job of [{ status: 'stopped', reason: 'not-started' }, { status: 'pending' }] as const) {
      const { diagnosis } = buildRunResult(factsOf(run, { runnerJob: jobRecord(job) }));
      const next = 'see to what kept its Job from being made, then start the run again.';
      assert.ok(diagnosis.includes(`${why}; ${next}`), diagnosis);
    }
  });

  it('leaves other ends as they were', () => {
    assert.match(resultOf('exited').diagnosis, /The runner ended.*look at the runner Job/i);
  });
});
