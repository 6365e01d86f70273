import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Turns } from '../../../src/operations/turns.js';

/** A promise that is settled by hand. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('turns', () => {
  it('let one at a time in, in order, whatever becomes of those before', async () => {
    const turns = new Turns();
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
    const taken = await Promise.allSettled([0, 1, 2, 3].map(async (number) => turns.take('a', () => work(number))));
    assert.deepEqual(seen, [0, 1, 2, 3]);
    assert.deepEqual(
      taken.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
  });

  it('do not hold other keys up', async () => {
    const turns = new Turns();
    const { open, opened } = gate();
    const held = turns.take('a', () => opened);
    assert.equal(await turns.take('b', async () => 'in'), 'in');
    open();
    await held;
  });

  it('send away who waits too long, and keep the order for the others', async () => {
    const turns = new Turns(20);
    const { open, opened } = gate();
    const held = turns.take('a', () => opened);
    let came = false;
    const late = turns.take('a', async () => {
      came = true;
    });
    await assert.rejects(late, { failureKind: 'infra-failed', refusal: 'unavailable' });
    assert.equal(came, false);
    const next = turns.take('a', async () => 'in');
    open();
    await held;
    assert.equal(await next, 'in');
  });
});
