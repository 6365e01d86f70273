import assert from 'node:assert/strict';
import { quantityAmount, quantityBytes } from '../../../src/kubernetes/quantity.js';

describe('a quantity of storage', () => {
  it('is read in bytes', () => {
    const read = ['10Gi', '1500M', '1.5Ki', '7'].map(quantityBytes);
    assert.deepEqual(read, [10 * 2 ** 30, 1_500_000_000, 1_536, 7]);
  });

  it('is null where it is none', () => {
    assert.deepEqual([undefined, '', 'much', '1X'].map(quantityBytes), [null, null, null, null]);
  });
});

describe('a quantity', () => {
  it('is read in all the ways of writing one', () => {
    const read = ['250m', '0.25', '.25', '250000u', '2.5e-1', '1E3', '1E', '5.'].map(quantityAmount);
    assert.deepEqual(read, [0.25, 0.25, 0.25, 0.25, 0.25, 1e3, 1e18, 5]);
  });
});
