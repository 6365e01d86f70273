import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { VerifiedTokens } from '../../../src/auth/verified-tokens.js';

describe('tokens that were verified before', () => {
  it('are known by their digest', () => {
    const tokens = new VerifiedTokens<string>();
    tokens.add('digest', 'bearer');
    assert.equal(tokens.get('digest'), 'bearer');
    assert.equal(tokens.get('another'), undefined);
  });

  it('are forgotten when there are too many, those used least lately first', () => {
    const tokens = new VerifiedTokens<number>(3);
    for (const one of [1, 2, 3]) tokens.add(`${one}`, one);
    assert.equal(tokens.get('1'), 1);
    tokens.add('4', 4);
    assert.deepEqual(
      ['1', '2', '3', '4'].map((one) => tokens.get(one)),
      [1, undefined, 3, 4],
    );
  });
});
