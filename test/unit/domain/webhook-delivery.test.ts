import assert from 'node:assert/strict';
import { DELIVERY_LIMITS, waitBeforeNextTry } from '../../../src/domain/webhook-delivery.js';

/** All waits of a delivery that never succeeds, where each request takes `tookMs`. */
function waits(random: number, tookMs = 0): number[] {
  const all: number[] = [];
  let elapsedMs = 0;
  for (let count = 1; count < 100; count++) {
    elapsedMs += tookMs;
    const waitMs = waitBeforeNextTry({ count, elapsedMs, retryAfterMs: null, random });
    if (waitMs === null) return all;
    all.push(waitMs);
    elapsedMs += waitMs;
  }
  return assert.fail('it is never given up');
}

describe('the waits between tries of a delivery', () => {
  it('grow from five seconds to four hours', () => {
    const seconds = waits(0.5).map((ms) => ms / 1_000);
    assert.deepEqual(seconds, [5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 14_400, 14_400, 14_400, 14_400]);
  });

  it('end within a day, whatever chance says and however long a request takes', () => {
    for (const random of [0, 0.25, 0.5, 0.75, 1]) {
      for (const tookMs of [0, DELIVERY_LIMITS.requestMs]) {
        const all = waits(random, tookMs);
        const lastTryAtMs = all.reduce((sum, ms) => sum + ms + tookMs, 0);
        assert.ok(lastTryAtMs <= DELIVERY_LIMITS.giveUpMs, `${lastTryAtMs} ms with ${random}`);
        assert.ok(lastTryAtMs > DELIVERY_LIMITS.giveUpMs / 2, `${lastTryAtMs} ms with ${random}`);
      }
    }
  });

  it('are not the same for all: a tenth more or less', () => {
    assert.deepEqual([waits(0)[0], waits(1)[0]], [4_500, 5_500]);
  });

  it('are as long as the receiver asks for, up to an hour, and never shorter than by themselves', () => {
    const first = (retryAfterMs: number) => waitBeforeNextTry({ count: 1, elapsedMs: 0, retryAfterMs, random: 0.5 });
    assert.deepEqual([first(1_000), first(120_000), first(86_400_000)], [5_000, 120_000, 3_600_000]);
  });
});
