import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { tokensOfTurn } from '../../../src/domain/budgets.js';

describe('the tokens of a turn', () => {
  it('are those of the turn, or of the report; what is no count is none', () => {
    assert.equal(tokensOfTurn({ turn: { totalTokens: 7 }, usage: { totalTokens: 9 } }), 7);
    assert.equal(tokensOfTurn({ usage: { totalTokens: 9 } }), 9);
    for (const totalTokens of [0, -1, 1.5, '7', null]) assert.equal(tokensOfTurn({ turn: { totalTokens } }), null);
  });

  it('are no more than a trillion, whatever an agent says', () => {
    assert.equal(tokensOfTurn({ turn: { totalTokens: Number.MAX_SAFE_INTEGER } }), 1_000_000_000_000);
  });
});
