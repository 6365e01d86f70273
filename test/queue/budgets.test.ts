import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { QuickRunners } from '../support/quick-runners.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const usage = (commandId: string, totalTokens: number) => ({
  type: 'token_usage',
  payload: { commandId, turn: { totalTokens, inputTokens: totalTokens, outputTokens: 1 } },
});

describe('budgets', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  // Runs are for runners by hand: the platform starts nothing.
  const nobody = new QuickRunners(async () => ({ terminalStatus: 'completed' }));
  before(async () => {
    manager = await startTestManager(
      { AGENTRUN_START_DEADLINE_MS: '60000' },
      {
        platform: (platform) =>
          Object.assign(nobody.on(platform), {
            launch: async (launch: Loose) => ({
              ...launch,
              status: 'running',
              reason: null,
              exitCode: null,
              message: null,
            }),
          }),
      },
    );
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  async function begin(tenantId: string, more: Record<string, unknown> = {}) {
    const body = { tenantId, projectId: 'shop', backendProfile: 'exec', prompt: 'work', autoDispatch: true, ...more };
    const task = await api.post('/api/v1/queue/tasks', body);
    const { latestAttempt } = await until(task.id, (one) => one.latestAttempt?.commandId);
    const runner = await ForeignRunner.claim(api, latestAttempt.runId, { leaseMs: 60_000 });
    await runner.ack(latestAttempt.commandId);
    return { task, runner, commandId: latestAttempt.commandId as string, runId: latestAttempt.runId as string };
  }
  const until = async (id: string, satisfies: (task: Loose) => boolean): Promise<Loose> =>
    eventually(async () => api.get(`/api/v1/queue/tasks/${id}`), satisfies, 30_000);
  /** As a runner does that was told to stop. */
  async function stopWhenTold({ runner, commandId }: Awaited<ReturnType<typeof begin>>): Promise<void> {
    await eventually(
      async () => runner.renew(60_000),
      ({ cancelCommandIds }) => cancelCommandIds.includes(commandId),
    );
    await runner.finishCommand(commandId, { terminalStatus: 'cancelled', failureKind: 'cancelled' });
  }

  it("interrupts an attempt that passes its task's tokens, and blocks the task and its run", async () => {
    const begun = await begin('acme', { budget: { maxTokens: 1_000 } });
    await begun.runner.append(usage(begun.commandId, 400), usage(begun.commandId, 900));
    assert.equal((await api.get(`/api/v1/queue/tasks/${begun.task.id}`)).usage.totalTokens, 900);
    await begun.runner.append(usage(begun.commandId, 1_200));
    await stopWhenTold(begun);
    const task = await until(begun.task.id, ({ phase }) => phase === 'ended');
    assert.deepEqual([task.state, task.failureKind], ['blocked', 'budget-exceeded']);
    assert.equal(task.failureMessage, 'The task used 1200 of its 1000 tokens.');
    assert.equal(task.usage.totalTokens, 1_200);
    const run = await eventually(
      async () => api.get(`/api/v1/runs/${begun.runId}`),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    assert.deepEqual([run.status, run.failureKind], ['blocked', 'budget-exceeded']);
  });

  it('stops an attempt that used up its wall time, also one whose runner does not listen', async () => {
    const begun = await begin('acme', { budget: { maxWallTimeMs: 10_000 }, queue: 'walls' });
    await stopWhenTold(begun);
    const task = await until(begun.task.id, ({ phase }) => phase === 'ended');
    assert.deepEqual([task.state, task.failureKind], ['blocked', 'budget-exceeded']);
    assert.match(task.failureMessage, /wall time, 10 s/);
    assert.ok(task.usage.wallTimeMs >= 10_000);
    // One that would be stopped at once is not started.
    await api.post(`/api/v1/queue/tasks/${task.id}/dispatch`);
    const again = await until(task.id, ({ phase, latestAttempt }) => phase === 'ended' && latestAttempt.attempt === 2);
    assert.deepEqual([again.state, again.failureKind, again.latestAttempt.runId], ['blocked', 'budget-exceeded', null]);
    assert.match(again.failureMessage, /all of its wall time, 10 s/);
  });

  it("counts all of a tenant's runs, interrupts its tasks and begins no more of them, and nobody else's", async () => {
    const path = '/api/v1/queue/budgets/spender';
    await api.ok('PUT', path, { period: 'month', maxTokens: 5_000 });
    const [first, other] = [
      await begin('spender', { queue: 'spending' }),
      await begin('thrifty', { queue: 'spending' }),
    ];
    const session = await api.createRun({ tenantId: 'spender' });
    const turn = await api.addTurn(session.id, 'by hand');
    const hand = await ForeignRunner.claim(api, session.id, { leaseMs: 60_000 });
    await hand.ack(turn.id);
    await hand.append(usage(turn.id, 3_000));
    await first.runner.append(usage(first.commandId, 1_999));
    await other.runner.append(usage(other.commandId, 9_000));
    const budget = await api.get(path);
    assert.deepEqual([budget.usedTokens, budget.exceeded], [4_999, false]);
    assert.ok(budget.usedWallTimeMs > 0);
    await first.runner.append(usage(first.commandId, 2_000));
    await stopWhenTold(first);
    const task = await until(first.task.id, ({ phase }) => phase === 'ended');
    assert.deepEqual([task.state, task.failureKind], ['blocked', 'budget-exceeded']);
    assert.match(task.failureMessage, /tenant used 5000 of its 5000 tokens of this month/);
    const refused = await api.post('/api/v1/queue/tasks', {
      ...{ tenantId: 'spender', projectId: 'shop', backendProfile: 'exec' },
      ...{ prompt: 'more', autoDispatch: true, queue: 'spending' },
    });
    const late = await until(refused.id, ({ phase }) => phase === 'ended');
    assert.deepEqual([late.state, late.failureKind, late.latestAttempt.runId], ['blocked', 'budget-exceeded', null]);
    assert.equal((await api.get(`/api/v1/queue/tasks/${other.task.id}`)).phase, 'running');
    await other.runner.finishCommand(other.commandId);
    await api.ok('DELETE', path);
    await api.post(`/api/v1/queue/tasks/${late.id}/dispatch`);
    await until(late.id, ({ latestAttempt }) => latestAttempt.runId !== null);
    await api.post(`/api/v1/queue/tasks/${late.id}/cancel`);
  });

  it('refuses caps that make no sense, by name', async () => {
    for (const [body, field] of [
      [{ maxTokens: 0 }, 'maxTokens'],
      [{ period: 'year' }, 'period'],
      [{ maxWallTimeMs: 'long' }, 'maxWallTimeMs'],
      [{ tokens: 5 }, 'tokens'],
    ] as const) {
      const { status, body: answer } = await api.request('PUT', '/api/v1/queue/budgets/acme', body);
      assert.deepEqual([status, answer.failureKind, answer.error.details.field], [400, 'schema-invalid', field]);
    }
    assert.equal((await api.request('GET', '/api/v1/queue/budgets/acme')).status, 404);
  });
});
