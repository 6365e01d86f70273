import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  isWell,
  planWarmPools,
  WARM_TIMES,
  type WaitingRunner,
  type WantedPool,
} from '../../../src/domain/warm-pools.js';

const pool = (given: Partial<WantedPool> = {}): WantedPool => ({
  backendProfile: 'exec',
  size: 2,
  spec: 'now',
  failures: 0,
  failedAgoMs: 0,
  ...given,
});
const waiting = (jobName: string, given: Partial<WaitingRunner> = {}): WaitingRunner => ({
  jobName,
  backendProfile: 'exec',
  spec: 'now',
  ageMs: 10_000,
  askedAgoMs: 1_000,
  hasAsked: true,
  ended: null,
  ...given,
});
const plan = (pools: WantedPool[], runners: WaitingRunner[], room = Infinity) =>
  planWarmPools({ pools, runners, room, maxAgeMs: 3_600_000 });

describe('the plan for warm runners', () => {
  it('makes what is missing, and nothing where all is well', () => {
    assert.deepEqual(plan([pool()], []).make, ['exec', 'exec']);
    assert.deepEqual(plan([pool()], [waiting('a')]).make, ['exec']);
    assert.deepEqual(plan([pool()], [waiting('a'), waiting('b')]), { retire: [], make: [] });
    assert.deepEqual(plan([pool({ spec: null })], []).make, []);
  });

  it('makes no more than there is room for', () => {
    const other = pool({ backendProfile: 'codex', size: 3 });
    assert.deepEqual(plan([pool(), other], [], 3).make, ['exec', 'exec', 'codex']);
    assert.deepEqual(plan([pool()], [], 0).make, []);
  });

  it('lets those go that are of no use, each with its reason, and makes others for them: later for those that failed', () => {
    const cases: [Partial<WaitingRunner>, string, boolean][] = [
      [{ spec: 'before' }, 'stale', false],
      [{ backendProfile: 'codex' }, 'no-pool', false],
      [{ ageMs: 3_600_001 }, 'too-old', false],
      [{ ended: 'ImagePullBackOff' }, 'ended', true],
      [{ hasAsked: false, askedAgoMs: null, ageMs: WARM_TIMES.start + 1 }, 'never-asked', true],
      [{ askedAgoMs: WARM_TIMES.silent + 1 }, 'silent', false],
    ];
    for (const [given, reason, isFailure] of cases) {
      const { retire, make } = plan([pool({ size: 1 })], [waiting('a', given)]);
      assert.deepEqual(
        retire.map((one) => [one.jobName, one.reason, one.failure !== null]),
        [['a', reason, isFailure]],
      );
      assert.deepEqual(make, isFailure ? [] : ['exec']);
    }
  });

  it('keeps of too many those that are ready, and of these the youngest', () => {
    const runners = [
      waiting('old', { ageMs: 50_000 }),
      waiting('young', { ageMs: 5_000 }),
      waiting('starting', { hasAsked: false, askedAgoMs: null, ageMs: 1_000 }),
    ];
    const retired = plan([pool({ size: 1 })], runners).retire.map(({ jobName, reason }) => [jobName, reason]);
    assert.deepEqual(retired, [
      ['old', 'over-size'],
      ['starting', 'over-size'],
    ]);
    assert.deepEqual(plan([pool({ size: 0 })], runners).retire.length, 3);
  });

  it('makes one at a time after failures, each later than the last', () => {
    const failed = (failures: number, failedAgoMs: number) => plan([pool({ failures, failedAgoMs })], []).make.length;
    assert.deepEqual([failed(1, 4_999), failed(1, 5_000)], [0, 1]);
    assert.deepEqual([failed(3, 19_999), failed(3, 20_000)], [0, 1]);
    assert.deepEqual([failed(60, 599_999), failed(60, 600_000)], [0, 1]);
    const ended = { ended: 'ImagePullBackOff' };
    assert.deepEqual(plan([pool()], [waiting('a', ended), waiting('b', ended)]).make, [], 'these are failures, too');
    const after = pool({ size: 3, failures: 1, failedAgoMs: 5_000 });
    assert.deepEqual(plan([after], [waiting('a', { hasAsked: false, askedAgoMs: null })]).make, []);
    assert.deepEqual(plan([after], [waiting('a')]).make, ['exec']);
  });

  it('believes in a pool again when one of it has lasted', () => {
    assert.equal(isWell('exec', [waiting('a', { ageMs: WARM_TIMES.well + 1 })]), true);
    assert.equal(isWell('exec', [waiting('a')]), false);
    assert.equal(isWell('codex', [waiting('a', { ageMs: WARM_TIMES.well + 1 })]), false);
  });
});
