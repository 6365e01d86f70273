import assert from 'node:assert/strict';
import { quantityBytes } from '../../../src/kubernetes/quantity.js';

describe('a quantity of storage', () => {
  it('is read in bytes', () => {
    const read = ['10Gi', '1500M', '1.5Ki', '7'].map(quantityBytes);
    assert.deepEqual(read, [10 * 2 ** 30, 1_500_000_000, 1_536, 7]);
  });

  it('is null where it is none', () => {
    assert.deepEqual([undefined, '', 'much', '1X'].map(quantityBytes), [null, null, null, null]);
  });
});
