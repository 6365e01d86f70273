import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { bodyHash } from '../../../src/operations/body-hash.js';

describe('the hash of a body', () => {
  it('is the same in any order of keys, and whatever the idempotency key', () => {
    const one = bodyHash({ a: 1, b: { c: [1, 2], d: null }, idempotencyKey: 'x' });
    assert.equal(one, bodyHash({ b: { d: null, c: [1, 2] }, idempotencyKey: 'y', a: 1 }));
  });

  it('differs where lists differ in order, or a value in type', () => {
    const hashes = [{ a: [1, 2] }, { a: [2, 1] }, { a: ['1', 2] }, { a: null }, {}].map(bodyHash);
    assert.equal(new Set(hashes).size, hashes.length);
  });

  it('is the same for what JSON says is the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        assert.equal(bodyHash(body), bodyHash(JSON.parse(JSON.stringify(body)) as Record<string, unknown>));
      }),
    );
  });
});
