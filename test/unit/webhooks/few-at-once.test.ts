import assert from 'node:assert/strict';
import { setImmediate as settled } from 'node:timers/promises';
import { fewAtOnce } from '../../../src/webhooks/few-at-once.js';

describe('work of which little is done at once', () => {
  const never = new AbortController().signal;
  let begun: string[];
  let ends: Map<string, (fail: boolean) => void>;
  beforeEach(() => {
    begun = [];
    ends = new Map();
  });

  const work = async (name: string) => {
    begun.push(name);
    const fail = await new Promise<boolean>((resolve) => ends.set(name, resolve));
    if (fail) throw new Error(name);
    return name;
  };
  const end = (name: string, fail = false) => ends.get(name)?.(fail);

  it('waits for its turn, also after work that failed, and is done in order', async () => {
    const look = fewAtOnce({ all: 2, each: 2 }, work);
    const of = async (name: string) => look(name, { tenantId: 'acme', signal: never });
    const [a, b, c, d] = [of('a'), of('b'), of('c'), of('d')];
    await settled();
    assert.deepEqual(begun, ['a', 'b']);
    end('b', true);
    await assert.rejects(b, /b/);
    await settled();
    assert.deepEqual(begun, ['a', 'b', 'c']);
    end('a');
    assert.equal(await a, 'a');
    await settled();
    assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
    for (const name of ['c', 'd']) end(name);
    assert.deepEqual(await Promise.all([c, d]), ['c', 'd']);
    const e = of('e');
    await settled();
    assert.deepEqual(begun.at(-1), 'e');
    end('e');
    await e;
  });

  it('is done for one tenant no more than its part, and for all in turn', async () => {
    const look = fewAtOnce({ all: 2, each: 1 }, work);
    const of = async (name: string) => look(name, { tenantId: name.slice(0, 1), signal: never });
    const all = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'].map(of);
    await settled();
    assert.deepEqual(begun, ['a1', 'b1']);
    end('a1');
    await all[0];
    await settled();
    assert.deepEqual(begun, ['a1', 'b1', 'c1']);
    end('c1');
    await all[5];
    await settled();
    assert.deepEqual(begun, ['a1', 'b1', 'c1', 'a2']);
    for (const name of ['a2', 'b1', 'b2', 'a3']) {
      end(name);
      await settled();
      await all[['a1', 'a2', 'a3', 'b1', 'b2'].indexOf(name)];
    }
    await settled();
    assert.equal(begun.length, 6);
  });

  it('is not begun for whoever has gone: that one is told so at once, and the next has its turn', async () => {
    const look = fewAtOnce({ all: 1, each: 1 }, work);
    const leaving = new AbortController();
    const a = look('a', { tenantId: 'a', signal: never });
    const gone = look('b', { tenantId: 'b', signal: leaving.signal });
    const c = look('c', { tenantId: 'c', signal: never });
    leaving.abort(new Error('gone'));
    await assert.rejects(gone, /gone/);
    await assert.rejects(look('d', { tenantId: 'd', signal: leaving.signal }), /gone/);
    await settled();
    end('a');
    await a;
    await settled();
    assert.deepEqual(begun, ['a', 'c']);
    end('c');
    assert.equal(await c, 'c');
  });
});
