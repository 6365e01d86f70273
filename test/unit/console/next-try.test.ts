import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { policyOfNextTry, promptOfNextTry } from '../../../src/console/model/next-try.js';
import { readRecorded } from '../../support/endings/recorded.js';

const runOf = (name: string) => (readRecorded().get(name) ?? assert.fail(`${name} is not recorded`)).facts.run;

describe('the next try that the console proposes', () => {
  it('has more of both times: a turn that was silent too long is not helped by a longer turn alone', () => {
    const policy = { ...runOf('blocked').executionPolicy, timeoutMs: 60_000, idleTimeoutMs: 2_000 };
    const next = policyOfNextTry(policy, 'with-more-time');
    assert.deepEqual(next, { ...policy, timeoutMs: 120_000, idleTimeoutMs: 4_000 });
  });

  it('asks for no limit beyond what the manager takes', () => {
    const weekMs = 7 * 86_400_000;
    const policy = { ...runOf('blocked').executionPolicy, timeoutMs: weekMs - 1, idleTimeoutMs: weekMs };
    const { timeoutMs, idleTimeoutMs } = policyOfNextTry(policy, 'with-more-time');
    assert.deepEqual([timeoutMs, idleTimeoutMs], [weekMs, weekMs]);
  });

  it('may do one step more, and everything only after all the others', () => {
    const policy = runOf('blocked').executionPolicy;
    const steps = [{ ...policy, sandbox: 'read-only' as const, network: false }];
    for (let step = 0; step < 3; step += 1) steps.push(policyOfNextTry(steps.at(-1)!, 'allowed-more') as never);
    assert.deepEqual(
      steps.map(({ sandbox, network }) => `${sandbox}${network ? ' with network' : ''}`),
      ['read-only', 'workspace-write', 'workspace-write with network', 'full-access with network'],
    );
  });

  it('is told the same again, unless an answer is what it lacks', () => {
    const run = { ...runOf('blocked'), sessionRef: null };
    assert.equal(promptOfNextTry(run, 'the-same', 'fix it'), 'fix it');
    assert.equal(promptOfNextTry(run, 'with-an-answer', 'fix it'), '');
    const inSession = { ...run, sessionRef: { sessionId: 'review-1' } };
    assert.equal(promptOfNextTry(inSession, 'allowed-more', 'fix it'), 'You may do it now: go on.');
  });
});
