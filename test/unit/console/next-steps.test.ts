import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isWaitingForSomebody, nextSteps } from '../../../src/console/model/next-steps.js';
import { recoveryActions } from '../../../src/run-result/recovery-actions.js';
import { readRecorded } from '../../support/endings/recorded.js';

const recorded = readRecorded();
const actionsOf = (name: string) =>
  recoveryActions((recorded.get(name) ?? assert.fail(`${name} is not recorded`)).facts);
const labelsOf = (name: string) => nextSteps(actionsOf(name)).map(({ label }) => label);

describe('the next steps that the console offers', () => {
  it('allow what an agent asked for, or answer it, first of all', () => {
    assert.deepEqual(labelsOf('blocked'), ['Allow it…', 'Start it with an answer…', 'Start it again…']);
    assert.ok(isWaitingForSomebody(actionsOf('blocked')));
  });

  it('lead once to the profile whose credential is refused', () => {
    assert.deepEqual(labelsOf('provider-401'), ['Set the credential', 'Start it again…']);
  });

  it('are no more than the manager names', () => {
    for (const name of recorded.keys()) assert.ok(nextSteps(actionsOf(name)).length <= actionsOf(name).length, name);
  });

  it('do not bother anybody while it goes on by itself, or went well', () => {
    for (const name of ['turn-running', 'completed', 'retrying']) {
      if (recorded.has(name)) assert.ok(!isWaitingForSomebody(actionsOf(name)), name);
    }
  });
});
