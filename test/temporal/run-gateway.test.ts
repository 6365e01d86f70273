import assert from 'node:assert/strict';
import type { RunGateway } from '../../src/ports/run-gateway.js';
import { AgentRunError } from '../../src/domain/errors.js';
import { RunRefused } from '../../src/domain/refusals.js';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

describe('the run gateway', () => {
  let manager: TestManager;
  let api: Api;
  let link: TemporalLink;
  let gateway: RunGateway;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    link = connectTemporal(manager.temporal);
    gateway = createRunGateway(link.client);
  });
  after(async () => {
    await link.close();
    await manager.stop();
  });

  it('lets one of twenty claims win that reach one workflow at once', async () => {
    for (let round = 0; round < 5; round += 1) await race();
  }).timeout(60_000);

  it('refuses a command that nobody wrote down, and takes those that come with it', async () => {
    const run = await api.createRun();
    const address = { workflowId: run.workflowId };
    const ghost = gateway.addCommand(address, { runId: run.id, commandId: 'cmd_ghost', type: 'turn' });
    const added = Promise.all([api.addTurn(run.id, 'echo a'), api.addTurn(run.id, 'echo b')]);
    await assert.rejects(ghost, (error) => error instanceof RunRefused && error.type === 'command-unknown');
    const commands = await added;
    const { items } = await api.get(`/api/v1/runs/${run.id}/commands`);
    assert.deepEqual(new Set(items.map(({ id }: Loose) => id)), new Set(commands.map(({ id }) => id)));
    assert.equal((await api.post(`/api/v1/runs/${run.id}/cancel`)).status, 'cancelled');
  });

  it('says which run of the session is ending, and how long that may take', async () => {
    const sessionId = 'closing';
    const run = await api.createRun({ sessionRef: { sessionId } });
    const turn = await api.addTurn(run.id, 'x');
    const runner = await ForeignRunner.claim(api, run.id);
    await runner.ack(turn.id);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
    const message = { sends: [{ commandId: 'cmd_next', fresh: true, runnerJob: false }], leaseOver: null };
    const sending = gateway.sendToSession({ workflowId: run.workflowId }, runInput({ sessionId }), message);
    await assert.rejects(sending, (error) => {
      assert.ok(error instanceof RunRefused && error.type === 'session-closing', String(error));
      assert.deepEqual(error.facts, { runId: run.id, waitsFor: 'runner', graceMs: 15_000 });
      return true;
    });
    await runner.finishRun({ terminalStatus: 'cancelled' });
  });

  async function race(): Promise<void> {
    const run = await api.createRun();
    const claim = async (runnerId: string): Promise<unknown> => {
      const claiming = gateway.claimRun({ workflowId: run.workflowId }, { runId: run.id, runnerId, leaseMs: 60_000 });
      // Who got no answer in time, on a busy machine, asks again, as a runner does.
      return claiming.catch((error: unknown) => {
        if (error instanceof AgentRunError && error.refusal === 'unavailable') return claim(runnerId);
        throw error;
      });
    };
    const claims = Array.from({ length: 20 }, async (_, index) => claim(`runner-${index}`));
    const settled = await Promise.allSettled(claims);
    const won = settled.filter(({ status }) => status === 'fulfilled');
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    assert.deepEqual(
      new Set(refused.map((error) => (error instanceof RunRefused ? error.type : String(error)))),
      new Set(['held-by-another-runner']),
    );
    assert.equal(won.length, 1);
    const holder = (won[0] as PromiseFulfilledResult<unknown>).value;
    assert.deepEqual(holder, { attempt: 1 });
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  }
});
