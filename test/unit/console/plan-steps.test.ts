import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { planSteps } from '../../../src/console/model/plan-steps.js';

describe('a plan', () => {
  it('has a step for each line with a box', () => {
    assert.deepEqual(planSteps('[x] Read\n[~] Repair\n[ ] Run the tests\n'), [
      { state: 'done', words: 'Read' },
      { state: 'under way', words: 'Repair' },
      { state: 'open', words: 'Run the tests' },
    ]);
  });

  it('is left as it is where a line is something else', () => {
    assert.equal(planSteps('First I look.\n[ ] Repair'), undefined);
    assert.equal(planSteps(''), undefined);
  });
});
