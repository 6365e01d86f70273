import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OperatorTokens } from '../../../src/auth/operator-tokens.js';

describe('operator tokens', () => {
  const tokens = new OperatorTokens([
    { name: 'root', token: 'root-token-0123456789', tenants: 'all' },
    { name: 'acme', token: 'acme-token', tenants: ['acme'] },
    { name: 'last', token: 'the-last-token', tenants: ['beta', 'gamma'] },
  ]);

  it('knows each operator, wherever it stands in the list', () => {
    const root = tokens.authenticate('root-token-0123456789');
    assert.deepEqual(root, { kind: 'operator', name: 'root', tenants: 'all' });
    assert.deepEqual(tokens.authenticate('the-last-token')?.tenants, ['beta', 'gamma']);
  });

  it('knows nobody by a token that is only near, shorter, longer or empty', () => {
    for (const token of ['root-token-012345678', 'root-token-01234567890', 'Root-token-0123456789', '', 'ümlaut']) {
      assert.equal(tokens.authenticate(token), undefined, token);
    }
  });

  it('keeps digests only', () => {
    const kept = JSON.stringify(tokens) + JSON.stringify(Object.getOwnPropertyDescriptors(tokens));
    assert.ok(!kept.includes('root-token-0123456789'));
    assert.equal(tokens.count, 3);
  });
});
