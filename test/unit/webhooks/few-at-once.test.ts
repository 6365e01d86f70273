import assert from 'node:assert/strict';
import { fewAtOnce } from '../../../src/webhooks/few-at-once.js';

describe('work of which little is done at once', () => {
  it('waits for its turn, also after work that failed, and is done in order', async () => {
    const begun: string[] = [];
    const ends = new Map<string, (fail: boolean) => void>();
    const look = fewAtOnce(2, async (name: string) => {
      begun.push(name);
      const fail = await new Promise<boolean>((resolve) => ends.set(name, resolve));
      if (fail) throw new Error(name);
      return name;
    });
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(look) as [
      Promise<string>,
      Promise<string>,
      Promise<string>,
      Promise<string>,
    ];
    assert.deepEqual(begun, ['a', 'b']);
    ends.get('b')?.(true);
    await assert.rejects(b, /b/);
    assert.deepEqual(begun, ['a', 'b', 'c']);
    ends.get('a')?.(false);
    assert.equal(await a, 'a');
    assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
    for (const name of ['c', 'd']) ends.get(name)?.(false);
    assert.deepEqual(await Promise.all([c, d]), ['c', 'd']);
    const e = look('e');
    assert.deepEqual(begun.at(-1), 'e');
    ends.get('e')?.(false);
    await e;
  });
});
