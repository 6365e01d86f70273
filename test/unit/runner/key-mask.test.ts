import assert from 'node:assert/strict';
import fc from 'fast-check';
import { text } from 'node:stream/consumers';
import { KeyMask } from '../../../src/runner/provider-proxy/key-mask.js';

/** What comes out after each chunk, and at the end. */
async function pieces(keys: readonly string[], chunks: readonly string[]): Promise<string[]> {
  const mask = new KeyMask(keys);
  const out: string[] = [];
  for (const chunk of chunks) {
    await new Promise((resolve) => mask.write(chunk, resolve));
    out.push((mask.read() as Buffer | null)?.toString() ?? '');
  }
  mask.end();
  return [...out, await text(mask)];
}

/** Every byte of every key that stands in the whole of it. */
function maskedWhole(keys: readonly string[], whole: string): string {
  const masked = Buffer.from(whole);
  for (const key of keys)
    for (let at = whole.indexOf(key); at !== -1; at = whole.indexOf(key, at + 1)) masked.fill('*', at, at + key.length);
  return masked.toString();
}

describe('the mask over keys in a stream', () => {
  it('finds a key that is cut over chunks, and holds back only what may begin one', async () => {
    assert.deepEqual(await pieces(['abcd'], ['x ab', 'c', 'd y a', 'x']), ['x ', '', '**** y ', 'ax', '']);
  });

  it('lets go in the end what only began as one', async () => {
    assert.deepEqual(await pieces(['abcd'], ['x abc']), ['x ', 'abc']);
  });

  it('finds one key in the beginning of another', async () => {
    assert.deepEqual(await pieces(['Bearer key', 'key'], ['a Bearer key', ' b']), ['a **********', ' b', '']);
    assert.deepEqual(await pieces(['xkeyz', 'key'], ['xkey']), ['', 'x***']);
  });

  it('masks the same however the bytes come, and loses none', async () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 });
    const keys = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), { maxLength: 3 });
    const property = fc.asyncProperty(keys, fc.array(letters, { maxLength: 12 }), async (secret, chunks) => {
      const whole = chunks.join('');
      const out = (await pieces(secret, chunks)).join('');
      assert.equal(out, maskedWhole(secret, whole));
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
