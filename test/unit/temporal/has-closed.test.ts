import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { hasClosed } from '../../../src/temporal/has-closed.js';

describe('whether a workflow has closed', () => {
  it('is true only of what can never go on: not of one that somebody paused', () => {
    for (const status of ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'] as const)
      assert.ok(hasClosed(status), status);
    for (const status of ['RUNNING', 'PAUSED', 'CONTINUED_AS_NEW', 'UNSPECIFIED', 'UNKNOWN'] as const)
      assert.ok(!hasClosed(status), status);
  });
});
