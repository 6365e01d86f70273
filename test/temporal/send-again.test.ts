import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SendToSession } from '../../src/domain/run-messages.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

describe('a send whose run closed under it', () => {
  it('is made again as a repeat: the run that is gone may have taken it', async () => {
    const said: SendToSession[] = [];
    const workflow = {
      executeUpdateWithStart: async (_update: unknown, { args: [message] }: { args: [SendToSession] }) => {
        said.push(message);
        if (said.length > 1) return { runId: 'run_next' };
        const closed = ApplicationFailure.nonRetryable('closed', 'AcceptedUpdateCompletedWorkflow');
        throw new WorkflowUpdateFailedError('failed', closed);
      },
    };
    const client = { workflow, withDeadline: async (_at: number, call: () => Promise<unknown>) => call() };
    const gateway = createRunGateway(client as unknown as Client);
    const sends = [{ commandId: 'cmd_a', runnerJob: false, fresh: true }];
    const message = { sends, leaseOver: null };
    const input = runInput({ sessionId: 'talk' });
    assert.deepEqual(await gateway.sendToSession({ workflowId: 'session:talk' }, input, message), {
      runId: 'run_next',
    });
    assert.deepEqual(
      said.map((one) => one.sends.map(({ fresh }) => fresh)),
      [[true], [false]],
    );
  });
});
