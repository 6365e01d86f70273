import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { Housekeeping } from '../../../activities/housekeeping.js';
import { unavailable } from '../../../src/domain/errors.js';

describe('housekeeping', () => {
  let logged: Record<string, unknown>[];
  const pass = (patienceMs?: number) => new Housekeeping({ log: (_, facts) => void logged.push(facts) }, patienceMs);
  const numbers = async () => Array.from({ length: 30 }, (_, number) => number);

  beforeEach(() => {
    logged = [];
  });

  it('fails for nothing that went well', async () => {
    const all = pass();
    assert.equal(await all.part('a', async () => 'done'), 'done');
    assert.equal(await all.each('b', numbers, async () => undefined), 30);
    all.conclude();
    assert.deepEqual(logged, []);
  });

  it('does every part and every thing of it, whatever fails, tells of some, and fails at its end', async () => {
    const all = pass();
    const broken = async (): Promise<number> => Promise.reject(new Error('broken'));
    assert.equal(await all.part('a', broken), undefined);
    const odd = async (number: number) => {
      if (number % 2 === 1) throw new Error(`odd ${number}`);
    };
    assert.equal(await all.each('b', numbers, odd), 15);
    assert.equal(await all.each('c', async () => Promise.reject(new Error('no list')), odd), 0);
    assert.deepEqual(logged[0], { part: 'a', error: 'Error: broken' });
    assert.equal(logged.filter(({ part }) => part === 'b').length, 10);
    const failure = { message: 'failed, see the log: a (1), b (15), c (1)', nonRetryable: true };
    assert.throws(() => all.conclude(), failure);
  });

  it('is to be tried again soon where database or Temporal were away, and does not ask them for each thing', async () => {
    const all = pass();
    const away = unavailable('database');
    assert.equal(await all.each('a', numbers, async () => Promise.reject(away)), 0);
    assert.ok(logged.length < 10);
    assert.equal(await all.part('b', async () => 1), 1);
    assert.throws(() => all.conclude(), away);
  });

  it('leaves to the next pass what takes too long', async () => {
    const all = pass(0);
    assert.equal(await all.each('a', numbers, async () => undefined), 0);
    all.conclude();
  });
});
