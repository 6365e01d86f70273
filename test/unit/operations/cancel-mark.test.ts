import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cancelMarkOf } from '../../../src/operations/runs/await-commands.js';

describe('the name of cancel marks', () => {
  it('is empty while nothing is marked', () => {
    assert.equal(cancelMarkOf({ cancelRequestedAt: null, cancelCommandIds: [] }), '');
  });

  it('is the same for the same marks, and another for others', () => {
    const at = '2026-01-01T00:00:00.000Z';
    const both = cancelMarkOf({ cancelRequestedAt: null, cancelCommandIds: ['cmd_1', 'cmd_2'] });
    assert.equal(both, cancelMarkOf({ cancelRequestedAt: null, cancelCommandIds: ['cmd_2', 'cmd_1'] }));
    assert.notEqual(both, cancelMarkOf({ cancelRequestedAt: null, cancelCommandIds: ['cmd_1'] }));
    assert.notEqual(both, cancelMarkOf({ cancelRequestedAt: at, cancelCommandIds: ['cmd_1', 'cmd_2'] }));
  });
});
