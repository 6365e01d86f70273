import assert from 'node:assert/strict';
import type { RenewedRun } from '../../src/contract/lease.js';
import { LeaseKeeper } from '../../src/runner/lease-keeper.js';
import { createLog } from '../../src/runner/log.js';
import { eventually } from '../support/eventually.js';

const RENEWED = {} as RenewedRun;

/** A keeper whose clock the test moves; its timers are real and short. */
class Bench {
  offsetMs = 0;
  wallOffsetMs = 0;
  readonly calls: string[] = [];
  renew: () => Promise<RenewedRun> = async () => RENEWED;
  readonly keeper: LeaseKeeper;

  constructor(readonly leaseMs: number) {
    this.keeper = new LeaseKeeper({
      leaseMs,
      renew: () => {
        this.calls.push('renew');
        return this.renew();
      },
      isLost: (error) => (error as Error).message === 'lost',
      onRenewed: () => this.calls.push('renewed'),
      onDoubt: () => this.calls.push('doubt'),
      onLost: () => {
        this.calls.push('lost');
        this.keeper.stop();
      },
      log: createLog({}, 'silent'),
      now: () => performance.now() + this.offsetMs,
      wallNow: () => Date.now() + this.offsetMs + this.wallOffsetMs,
    });
  }

  start(): void {
    this.keeper.start(performance.now() + this.offsetMs);
  }

  count(call: string): number {
    return this.calls.filter((one) => one === call).length;
  }
}

describe('the lease keeper', () => {
  const benches: Bench[] = [];
  const bench = (leaseMs: number) => {
    const one = new Bench(leaseMs);
    benches.push(one);
    return one;
  };
  afterEach(() => benches.splice(0).forEach((one) => one.keeper.stop()));

  it('renews each third of the lease', async () => {
    const one = bench(9_000);
    one.start();
    const startedAt = performance.now();
    await eventually('two renewals', () => one.count('renewed') >= 2);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs >= 5_900 && tookMs < 12_000, `two renewals took ${tookMs} ms`);
    assert.equal(one.count('doubt'), 0);
  });

  it('tries again soon when a renewal fails', async () => {
    const one = bench(60_000);
    let failures = 2;
    one.renew = async () => {
      if (failures-- > 0) throw new Error('no answer');
      return RENEWED;
    };
    one.start();
    one.offsetMs = 0;
    one.wallOffsetMs = 0;
    // A sleep of the machine brings the first renewal forward.
    await new Promise((resolve) => setTimeout(resolve, 10));
    one.wallOffsetMs = 60_000;
    await eventually('it is renewed', () => one.count('renewed') > 0);
    assert.equal(one.count('renew'), 3);
  });

  it('raises the doubt before it answers that the lease no longer holds', () => {
    const one = bench(60_000);
    one.start();
    assert.equal(one.keeper.holds(), true);
    one.offsetMs = 53_000;
    assert.equal(one.keeper.holds(), true);
    one.offsetMs = 54_100;
    assert.equal(one.keeper.holds(), false);
    assert.deepEqual(one.calls, ['doubt']);
    assert.equal(one.keeper.holds(), false);
    assert.deepEqual(one.calls, ['doubt']);
  });

  it('raises the doubt by itself when nobody asks', async () => {
    const one = bench(200);
    one.renew = () => new Promise(() => {});
    one.start();
    await eventually('the doubt', () => one.count('doubt') === 1);
  });

  it('raises it also where its timer came a little early, as timers may', async () => {
    const one = bench(200);
    one.renew = () => new Promise(() => {});
    one.start();
    one.offsetMs -= 30;
    await eventually('the doubt', () => one.count('doubt') === 1);
  });

  it('counts from when a renewal was sent, not from when it was answered', async () => {
    const one = bench(3_000);
    let answer: (run: RenewedRun) => void = () => {};
    one.renew = () => new Promise((resolve) => (answer = resolve));
    one.start();
    await eventually('a renewal is sent', () => one.count('renew') === 1);
    one.offsetMs += 10_000;
    answer(RENEWED);
    await eventually('it is answered', () => one.count('renewed') === 1);
    assert.equal(one.keeper.holds(), false);
    assert.deepEqual(one.calls.slice(0, 3), ['renew', 'doubt', 'renewed']);
  });

  it('lets the work go on once a renewal sent after the doubt is answered', async () => {
    const one = bench(300);
    one.start();
    one.offsetMs += 10_000;
    assert.equal(one.keeper.holds(), false);
    await one.keeper.held();
    assert.equal(one.keeper.holds(), true);
  });

  it('says when the lease is lost', async () => {
    const one = bench(100);
    one.renew = async () => {
      throw new Error('lost');
    };
    one.start();
    await eventually('the loss', () => one.count('lost') === 1);
    assert.equal(one.keeper.holds(), false);
    await one.keeper.held();
  });
});
