import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isActive,
  planRetention,
  roomFor,
  type RetainedRunner,
  type RetentionPolicy,
} from '../../../src/domain/runner-retention.js';

const NOW = 1_000_000;
const POLICY: RetentionPolicy = {
  maxRunners: 2,
  activeHeartbeatMaxAgeMs: 1_000,
  matchLabels: { lane: 'v0.1' },
  jobNamePrefixes: ['runner'],
  cleanupOrder: 'oldest-inactive-last-active-first',
  maxAgeMs: null,
};

function runner(jobName: string, ageMs: number, given: Partial<RetainedRunner> = {}): RetainedRunner {
  const labels = { lane: 'v0.1' };
  return { jobName, runId: 'run_1', attempt: 1, labels, lastActiveAtMs: NOW - ageMs, holdsLease: false, ...given };
}

function names(policy: RetentionPolicy, runners: RetainedRunner[]): string[] {
  return planRetention(policy, runners, NOW).deletions.map(({ jobName }) => jobName);
}

describe('retention of runners', () => {
  it('deletes what is over the cap, the longest inactive first', () => {
    const runners = [runner('runner-b', 3_000), runner('runner-a', 9_000), runner('runner-c', 2_000)];
    assert.deepEqual(names(POLICY, runners), ['runner-a']);
    assert.deepEqual(names({ ...POLICY, maxRunners: 1 }, runners), ['runner-a', 'runner-b']);
  });

  it('deletes nothing at the cap', () => {
    assert.deepEqual(names(POLICY, [runner('runner-a', 9_000), runner('runner-b', 9_000)]), []);
  });

  it('never deletes an active one, even where only active ones are over the cap', () => {
    const runners = [runner('runner-a', 999), runner('runner-b', 0), runner('runner-c', 9_000, { holdsLease: true })];
    assert.deepEqual(names({ ...POLICY, maxRunners: 1 }, runners), []);
  });

  it('counts active ones against the cap', () => {
    const runners = [runner('runner-a', 0), runner('runner-b', 0), runner('runner-c', 2_000)];
    assert.deepEqual(names(POLICY, runners), ['runner-c']);
  });

  it('leaves Jobs alone that have not all the labels, or another name', () => {
    const runners = [runner('runner-a', 9_000, { labels: {} }), runner('other-b', 9_000), runner('runner-c', 9_000)];
    assert.deepEqual(names({ ...POLICY, maxRunners: 1 }, runners), []);
  });

  it('deletes by age where that is asked for, below the cap too', () => {
    const plan = planRetention(
      { ...POLICY, maxAgeMs: 5_000 },
      [runner('runner-a', 5_001), runner('runner-b', 5_000)],
      NOW,
    );
    assert.deepEqual(
      plan.deletions.map(({ jobName, reason }) => [jobName, reason]),
      [['runner-a', 'too-old']],
    );
  });

  it('keeps to it for whatever runners there are', () => {
    const any = fc.record({
      ageMs: fc.nat(10_000),
      holdsLease: fc.boolean(),
      matches: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (given, maxRunners) => {
        const policy = { ...POLICY, maxRunners };
        const runners = given.map(({ ageMs, holdsLease, matches }, index) =>
          runner(`runner-${index}`, ageMs, { holdsLease, labels: matches ? { lane: 'v0.1' } : {} }),
        );
        const { deletions, matching, active } = planRetention(policy, runners, NOW);
        assert.ok(deletions.every((one) => !isActive(policy, one, NOW) && one.labels['lane'] === 'v0.1'));
        assert.equal(deletions.length, Math.min(matching - active, Math.max(0, matching - maxRunners)));
      }),
    );
  });

  it('leaves room for what its cap has not filled, counted as it counts', () => {
    const runners = [runner('runner-a', 0), runner('runner-b', 0, { labels: {} })];
    assert.equal(roomFor(POLICY, runners), 1);
    assert.equal(roomFor({ ...POLICY, maxRunners: 1 }, [...runners, runner('runner-c', 0)]), 0);
    assert.equal(roomFor(undefined, runners), Infinity);
  });
});
