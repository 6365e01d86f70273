import assert from 'node:assert/strict';
import { limitOutcome } from '../../../workflows/run/next-step.js';
import { newState, POLICY, runInput } from './run-fixtures.js';

const RUN_ID = runInput().runId;
const COMPLETED = { status: 'completed', failureKind: null, message: null } as const;

describe('a run that loses an attempt', () => {
  it('gives no lease of the next attempt for a claim of the lost one', () => {
    const run = newState();
    run.claim('runner-1', 60_000);
    run.lose({ why: 'lease-expired' });
    assert.equal(run.data.unwritten.grant, null);
  });

  it('keeps the word of its last turn when its last attempt is lost between turns', () => {
    const run = newState({ policy: { ...POLICY, maxAttempts: 1 } });
    run.addCommand('cmd_a', 'turn');
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    run.finishCommand({ runId: RUN_ID, commandId: 'cmd_a', outcome: COMPLETED });
    run.lose({ why: 'lease-expired' });
    assert.equal(run.data.lifecycle.status, 'completed');
  });

  it('lets no turn that never began end by the time limit of the one before it', () => {
    const run = newState({ policy: { ...POLICY, maxAttempts: 1 } });
    run.addCommand('cmd_a', 'turn');
    run.addCommand('cmd_b', 'turn');
    run.claim('runner-1', 60_000);
    run.ackCommand('cmd_a', undefined);
    const loss = { why: 'hard-timeout', limitMs: 60_000 } as const;
    run.finishCommand({ runId: RUN_ID, commandId: 'cmd_a', outcome: limitOutcome(loss) });
    run.lose(loss);
    const kinds = run.data.unwritten.commands.map(({ id, failureKind }) => [id, failureKind]);
    assert.deepEqual(kinds.slice(-2), [
      ['cmd_a', 'hard-timeout'],
      ['cmd_b', 'runner-lost'],
    ]);
  });
});
