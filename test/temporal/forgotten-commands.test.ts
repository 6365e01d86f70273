import assert from 'node:assert/strict';
import { RunRefused } from '../../src/domain/refusals.js';
import type { RunSnapshot } from '../../src/domain/run-snapshot.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import type { Records } from '../../src/temporal/answer-writer.js';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('a command that nobody wrote down, of a run that continued as new since', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  let postgres: Postgres;
  let link: TemporalLink;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_CONTINUE_AS_NEW_EVENTS: '60' });
    api = new Api(manager.url, manager.operatorToken);
    postgres = openPostgres({ connectionString: manager.database.connectionString, queryTimeoutMs: 30_000 });
    link = connectTemporal(manager.temporal);
  });
  after(async () => {
    await link.close();
    await postgres.close();
    await manager.stop();
  });

  const sender = (projectRun: Records['projectRun']) => createRunGateway(link.client, { projectRun });

  /** A run; and a sender that cannot write, and says so only when its workflow has forgotten the ghost and has gone on in a new execution. */
  async function open() {
    const run = await api.createRun();
    const address = { workflowId: run.workflowId as string };
    const execution = async () => (await link.client.workflow.getHandle(address.workflowId).describe()).runId;
    const first = await execution();
    const late = async (snapshot: RunSnapshot) => {
      const refusal: unknown = await postgres.runs.projectRun(snapshot).catch((error: unknown) => error);
      assert.ok(refusal instanceof Error, String(refusal));
      for (let now = first; now === first; now = await execution()) {
        const turn = await api.addTurn(run.id, 'true');
        await api.post(`/api/v1/commands/${turn.id}/cancel`);
      }
      throw refusal;
    };
    return { run, address, late: sender(late), forgetful: sender(async () => 'written') };
  }

  const isUnknown = (error: unknown) => error instanceof RunRefused && error.type === 'command-unknown';

  it('is refused to who added it', async () => {
    const { run, address, late } = await open();
    await assert.rejects(late.addCommand(address, { runId: run.id, commandId: 'cmd_ghost', type: 'turn' }), isUnknown);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('is refused to who took it or ended it', async () => {
    for (const word of ['ackCommand', 'finishCommand', 'cancelCommand'] as const) {
      const { run, address, late, forgetful } = await open();
      const ghost = { runId: run.id, commandId: 'cmd_ghost' };
      await forgetful.claimRun(address, { runId: run.id, runnerId: 'r1', leaseMs: 60_000 });
      await forgetful.addCommand(address, { ...ghost, type: 'turn' });
      const outcome = { status: 'completed', failureKind: null, message: null } as const;
      await assert.rejects(late[word](address, { ...ghost, outcome, reason: null }), isUnknown, word);
      await assert.rejects(
        sender(async (snapshot) => postgres.runs.projectRun(snapshot))[word](address, {
          ...ghost,
          outcome,
          reason: null,
        }),
        isUnknown,
      );
      await api.patch(`/api/v1/runs/${run.id}/status`, { terminalStatus: 'cancelled' });
    }
  });
});
