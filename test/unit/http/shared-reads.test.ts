import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { SharedReads } from '../../../src/http/shared-reads.js';

describe('shared reads', () => {
  it('reads once for all who ask in the same moment, and apart what is not the same', async () => {
    const reads = new SharedReads();
    const loaded: string[] = [];
    const read = (key: string) => reads.read(key, async () => loaded.push(key));
    assert.deepEqual(await Promise.all([read('a'), read('b'), read('a'), read('a')]), [1, 2, 1, 1]);
    assert.deepEqual(loaded, ['a', 'b']);
  });

  it('lets nobody join a read that has begun: what it asks about came after', async () => {
    const reads = new SharedReads();
    let stored = 'before';
    let answer = () => {};
    const slow = new Promise<void>((resolve) => (answer = resolve));
    const load = async () => {
      const found = stored;
      await slow;
      return found;
    };
    const first = reads.read('run', load);
    await turn();
    stored = 'after';
    const second = reads.read('run', load);
    answer();
    assert.deepEqual(await Promise.all([first, second]), ['before', 'after']);
  });

  it('fails all who asked, and nobody after them', async () => {
    const reads = new SharedReads();
    const fail = async () => Promise.reject(new Error('down'));
    const asked = await Promise.allSettled([reads.read('run', fail), reads.read('run', fail)]);
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(await reads.read('run', async () => 'up'), 'up');
  });
});
