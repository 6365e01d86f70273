import assert from 'node:assert/strict';
import { TokenBuckets } from '../../../src/http/token-buckets.js';

describe('token buckets', () => {
  let nowMs = 0;
  const buckets = (perSecond: number, burst: number) => new TokenBuckets(perSecond, burst, () => nowMs);
  beforeEach(() => (nowMs = 1_000));

  it('give a burst, then as many as flow in, and say when the next is there', () => {
    const of = buckets(2, 3);
    assert.deepEqual([of.take('a'), of.take('a'), of.take('a'), of.take('a')], [0, 0, 0, 500]);
    nowMs += 250;
    assert.equal(of.take('a'), 250);
    nowMs += 250;
    assert.deepEqual([of.take('a'), of.take('a')], [0, 500]);
    nowMs += 3_600_000;
    assert.deepEqual([of.take('a'), of.take('a'), of.take('a'), of.take('a')], [0, 0, 0, 500]);
  });

  it('are one for each key', () => {
    const of = buckets(1, 1);
    assert.deepEqual([of.take('a'), of.take('b'), of.take('a') > 0], [0, 0, true]);
  });

  it('limit nothing at a rate of 0', () => {
    const of = buckets(0, 0);
    for (let times = 0; times < 100; times += 1) assert.equal(of.take('a'), 0);
    assert.equal(of.size, 0);
  });

  it('are forgotten when there are too many, those that are full first', () => {
    const of = buckets(1, 1);
    of.take('patient');
    nowMs += 2_000;
    for (let stranger = 0; stranger < 30_000; stranger += 1) of.take(`stranger ${stranger}`);
    assert.ok(of.size <= 10_000);
    assert.equal(of.take('patient'), 0);
    assert.ok(of.take('stranger 29999') > 0, 'the newest are remembered');
  });
});
