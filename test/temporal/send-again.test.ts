import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SendToSession } from '../../src/domain/run-messages.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

describe('a worker of an earlier release', () => {
  it('has written what it answers: nothing is left to write', async () => {
    const said: unknown[] = [];
    const getHandle = () => ({
      executeUpdate: async (_update: unknown, { args: [message] }: { args: [unknown] }) => {
        said.push(message);
        return said.length === 1 ? { attempt: 1 } : undefined;
      },
    });
    const client = {
      workflow: { getHandle },
      withDeadline: async (_at: number, call: () => Promise<unknown>) => call(),
    };
    const records = { projectRun: async () => assert.fail('there is nothing to write') };
    const gateway = createRunGateway(client as unknown as Client, records);
    const address = { workflowId: 'run:1' };
    const claim = { runId: '1', runnerId: 'r', leaseMs: 60_000 };
    assert.deepEqual(await gateway.claimRun(address, claim), { attempt: 1 });
    await gateway.ackCommand(address, { runId: '1', commandId: 'c' });
    assert.deepEqual(said[0], { ...claim, senderWrites: true });
  });
});

describe('a send whose run closed under it', () => {
  it('is made again as a repeat: the run that is gone may have taken it', async () => {
    const said: SendToSession[] = [];
    const take = async (_update: unknown, { args: [message] }: { args: [SendToSession] }) => {
      said.push(message);
      if (said.length % 2 === 0) return { runId: 'run_next' };
      const closed = ApplicationFailure.nonRetryable('closed', 'AcceptedUpdateCompletedWorkflow');
      throw new WorkflowUpdateFailedError('failed', closed);
    };
    const workflow = { executeUpdateWithStart: take, getHandle: () => ({ executeUpdate: take }) };
    const client = { workflow, withDeadline: async (_at: number, call: () => Promise<unknown>) => call() };
    const gateway = createRunGateway(client as unknown as Client);
    const sends = [{ commandId: 'cmd_a', runnerJob: false, fresh: true }];
    const message = { sends, leaseOver: null };
    const input = runInput({ sessionId: 'talk' });
    let decided = 0;
    const address = { workflowId: 'session:talk', onDecided: () => (decided += 1) };
    assert.deepEqual(await gateway.sendToSession(address, input, message), { runId: 'run_next' });
    assert.deepEqual(await gateway.sendToLiveRun(address, message), { runId: 'run_next' });
    assert.deepEqual(
      said.map((one) => one.sends.map(({ fresh }) => fresh)),
      [[true], [false], [true], [false]],
    );
    assert.equal(decided, 2);
  });
});
