import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Sequencer } from '../../../../src/operations/runs/sequencer.js';

/** A promise that is settled by hand. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('Sequencer', () => {
  it('lets one at a time in, in order, whatever becomes of those before', async () => {
    const sequencer = new Sequencer();
    const seen: number[] = [];
    let inside = 0;
    const work = async (number: number) => {
      assert.equal((inside += 1), 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      seen.push(number);
      if (number === 1) throw new Error('failed');
      return number;
    };
    const taken = await Promise.allSettled([0, 1, 2, 3].map(async (number) => sequencer.run('a', () => work(number))));
    assert.deepEqual(seen, [0, 1, 2, 3]);
    assert.deepEqual(
      taken.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
  });

  it('lets the next one in when the one before says so, and only that one', async () => {
    const sequencer = new Sequencer();
    const { open, opened } = gate();
    const seen: string[] = [];
    const first = sequencer.run('a', async ({ next }) => {
      next();
      await opened;
      seen.push('first');
      next();
    });
    const second = gate();
    const held = sequencer.run('a', async () => {
      seen.push('second');
      await second.opened;
    });
    const third = sequencer.run('a', async () => void seen.push('third'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(seen, ['second']);
    open();
    await first;
    assert.deepEqual(seen, ['second', 'first']);
    second.open();
    await Promise.all([held, third]);
    assert.deepEqual(seen, ['second', 'first', 'third']);
  });

  it('does not hold other keys up', async () => {
    const sequencer = new Sequencer();
    const { open, opened } = gate();
    const held = sequencer.run('a', () => opened);
    assert.equal(await sequencer.run('b', async () => 'in'), 'in');
    open();
    await held;
  });

  it('sends away who waits too long, and keeps the order for the others', async () => {
    const sequencer = new Sequencer(20);
    const { open, opened } = gate();
    const held = sequencer.run('a', () => opened);
    let came = false;
    const late = sequencer.run('a', async () => {
      came = true;
    });
    await assert.rejects(late, { failureKind: 'rate-limited' });
    assert.equal(came, false);
    const next = sequencer.run('a', async () => 'in');
    open();
    await held;
    assert.equal(await next, 'in');
  });
});
