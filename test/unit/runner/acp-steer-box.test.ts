import { RequestError } from '@agentclientprotocol/sdk';
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AgentGone, type AgentConnection } from '../../../src/runner/backends/acp/agent-connection.js';
import { SteerBox } from '../../../src/runner/backends/acp/steer-box.js';

/** The steers of a running turn whose agent answers each so, and what they came to so far. */
function boxThatAnswers(answer: () => Promise<unknown>) {
  const box = new SteerBox({ extension: answer } as unknown as AgentConnection, 'session');
  box.open();
  const told: string[] = [];
  const deliver = async () => {
    const delivery = await box.deliver('left', () => told.push('shown'));
    told.push(delivery);
  };
  const delivering = deliver();
  return { box, told, delivering };
}
const settle = () => new Promise(setImmediate);

describe('a steer of an ACP agent', () => {
  const refusals = [RequestError.methodNotFound('_session/steering'), RequestError.invalidParams()];
  for (const refusal of refusals) {
    it(`is too late at once when the agent refuses it with ${refusal.code}`, async () => {
      const { told, delivering } = boxThatAnswers(async () => Promise.reject(refusal));
      await delivering;
      assert.deepEqual(told, ['too-late']);
    });
  }

  it('is too late at once when no turn is there to take it', async () => {
    const { told, delivering } = boxThatAnswers(async () => ({ outcome: 'promptRequired' }));
    await delivering;
    assert.deepEqual(told, ['too-late']);
  });

  it('is not given up while the turn lives when its answer was lost: the agent may have it', async () => {
    const { box, told, delivering } = boxThatAnswers(async () => Promise.reject(new AgentGone('broke off')));
    await settle();
    assert.deepEqual(told, []);
    box.close();
    await delivering;
    assert.deepEqual(told, ['too-late']);
  });

  it('is delivered when the turn goes on after it was taken', async () => {
    const { box, told, delivering } = boxThatAnswers(async () => ({ outcome: 'injected' }));
    await settle();
    assert.deepEqual(told, []);
    box.seeProgress();
    await delivering;
    assert.deepEqual(told, ['shown', 'delivered']);
  });
});
