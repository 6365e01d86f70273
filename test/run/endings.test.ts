import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { ForeignRunner, refusalOf } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** A runner that is told has to come with its end within it. */
const CANCEL_GRACE_MS = 8_000;

describe('the life of a run and its end', () => {
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_CANCEL_GRACE_MS: String(CANCEL_GRACE_MS) });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const read = async (runId: string) => api.get(`/api/v1/runs/${runId}`);
  const readCommand = async ({ id, runId }: Loose) => api.get(`/api/v1/runs/${runId}/commands/${id}`);
  const stateOf = async (command: Loose) => (await readCommand(command)).state;
  const cancelRun = async (runId: string, reason?: string) => api.post(`/api/v1/runs/${runId}/cancel`, { reason });
  const cancelCommand = async ({ id }: Loose) => api.post(`/api/v1/commands/${id}/cancel`);
  const ended = async (runId: string) =>
    eventually(
      async () => read(runId),
      ({ terminalStatus }) => terminalStatus !== null,
    );

  /** A run whose runner is in its first turn. */
  async function running(): Promise<{ runId: string; runner: ForeignRunner; turn: Loose }> {
    const { id } = await api.createRun();
    const turn = await api.addTurn(id, 'anything');
    const runner = await ForeignRunner.claim(api, id);
    await runner.ack(turn.id);
    return { runId: id, runner, turn };
  }

  it('goes pending, claimed, running, completed, and its events tell so in order', async () => {
    const run = await api.createRun();
    const turn = await api.addTurn(run.id, 'say hello');
    assert.deepEqual([run.status, run.attempt, turn.seq, turn.state], ['pending', 1, 1, 'pending']);
    const runner = await ForeignRunner.claim(api, run.id);
    assert.equal(runner.run.status, 'claimed');
    const { items } = await runner.poll();
    assert.deepEqual(items[0].payload, { prompt: 'say hello' });
    assert.equal((await runner.ack(turn.id)).state, 'acknowledged');
    assert.equal((await read(run.id)).status, 'running');
    await runner.append({ type: 'assistant_message', payload: { text: 'hello', commandId: turn.id }, clientSeq: 1 });
    assert.equal((await runner.finishCommand(turn.id)).state, 'completed');
    assert.equal((await read(run.id)).status, 'running', 'between turns');
    const done = await runner.finishRun({ terminalStatus: 'completed', lastCommandSeq: 1 });
    assert.deepEqual([done.status, done.terminalStatus, done.failureKind], ['completed', 'completed', null]);
    assert.equal(done.leaseExpiresAt, null);
    const told = (await api.events(run.id)).map(({ seq, type, payload }) => [seq, payload.phase ?? type]);
    assert.deepEqual(told, [
      [1, 'runner-claim-accepted'],
      [2, 'assistant_message'],
      [3, 'command-terminal'],
      [4, 'terminal_status'],
    ]);
    assert.equal((await api.get(`/api/v1/runs/${run.id}/result`)).reply, 'hello');
  });

  it('goes on when a turn came that its runner had not seen when it wanted to finish', async () => {
    const { runId, runner, turn } = await running();
    await runner.finishCommand(turn.id);
    const next = await api.addTurn(runId, 'one more');
    const path = `/api/v1/runs/${runId}/status`;
    const refused = refusalOf(
      await runner.api.request('PATCH', path, { terminalStatus: 'completed', lastCommandSeq: 1 }),
    );
    assert.deepEqual([refused.status, refused.details.seq], [409, 2]);
    assert.equal((await read(runId)).terminalStatus, null);
    await runner.ack(next.id);
    await runner.finishCommand(next.id);
    assert.equal((await runner.finishRun({ terminalStatus: 'completed', lastCommandSeq: 2 })).status, 'completed');
  });

  it('ends by an operator in any case, and what was open is cancelled', async () => {
    const { runId, turn } = await running();
    const waiting = await api.addTurn(runId, 'later');
    const done = await api.patch(`/api/v1/runs/${runId}/status`, { terminalStatus: 'blocked', failureMessage: 'stop' });
    assert.deepEqual([done.status, done.failureMessage], ['blocked', 'stop']);
    assert.deepEqual([await stateOf(turn), await stateOf(waiting)], ['cancelled', 'cancelled']);
  });

  it('ends as its runner says, and what it could not do fails with it', async () => {
    const { runner, turn } = await running();
    const failure = { terminalStatus: 'failed', failureKind: 'provider-auth-failed', failureMessage: 'no key' };
    await runner.finishRun(failure);
    const { state, failureKind, failureMessage } = await readCommand(turn);
    assert.deepEqual([state, failureKind, failureMessage], ['failed', 'provider-auth-failed', 'no key']);
  });

  it('ends once: the first word stays, and every further one is answered with it', async () => {
    const { runId, runner, turn } = await running();
    await runner.finishCommand(turn.id, { terminalStatus: 'failed', failureKind: 'backend-failed' });
    assert.equal((await runner.finishCommand(turn.id)).state, 'failed');
    assert.equal((await cancelCommand(turn)).state, 'failed');
    const words = ['completed', 'failed', 'blocked', 'cancelled'];
    const answers = await Promise.all(
      [...words, ...words].map(async (terminalStatus) => runner.finishRun({ terminalStatus })),
    );
    const [first, ...others] = new Set(answers.map(({ terminalStatus }) => terminalStatus));
    assert.deepEqual(others, []);
    assert.equal((await cancelRun(runId)).terminalStatus, first);
    assert.equal((await runner.ack(turn.id)).state, 'failed');
    const ends = (await api.events(runId)).filter(({ type }) => type === 'terminal_status');
    assert.deepEqual(
      ends.map(({ payload }) => payload.terminalStatus),
      [first],
    );
  });

  it('is cancelled at once while no runner has it', async () => {
    const run = await api.createRun();
    const turn = await api.addTurn(run.id, 'never');
    const cancelled = await cancelRun(run.id, 'not needed');
    assert.deepEqual([cancelled.status, cancelled.cancelReason], ['cancelled', 'not needed']);
    assert.equal(await stateOf(turn), 'cancelled');
  });

  it('tells a long-polling runner of its cancel at once', async () => {
    const { runId, runner } = await running();
    const polling = runner.poll({ afterSeq: 1, waitMs: 20_000 }).then((list) => ({ list, atMs: Date.now() }));
    const askedAtMs = Date.now();
    assert.equal((await cancelRun(runId)).status, 'running');
    const { list, atMs } = await polling;
    assert.ok(list.cancelRequestedAt);
    assert.ok(atMs - askedAtMs < 15_000, `${atMs - askedAtMs} ms`);
    const done = await runner.finishRun({ terminalStatus: 'cancelled', failureKind: 'cancelled' });
    assert.equal(done.status, 'cancelled');
  });

  it('is ended by force when its runner does not heed the cancel, whose writes are refused from then on', async () => {
    const { runId, runner, turn } = await running();
    const askedAtMs = Date.now();
    await cancelRun(runId, 'enough');
    const { status, cancelReason } = await ended(runId);
    assert.ok(Date.now() - askedAtMs >= CANCEL_GRACE_MS, 'not before its grace is over');
    assert.deepEqual([status, cancelReason, await stateOf(turn)], ['cancelled', 'enough', 'cancelled']);
    const late = await runner.api.request('POST', `/api/v1/runs/${runId}/events`, { type: 'error' });
    assert.equal(late.status, 409);
    const renewal = await runner.api.request('PATCH', `/api/v1/runs/${runId}/lease`, { runnerId: runner.runnerId });
    assert.equal(refusalOf(renewal).failureKind, 'lease-lost');
  });

  it('loses a runner that does not heed the cancel of a turn; the others go to the next attempt', async () => {
    const { runId, turn } = await running();
    const other = await api.addTurn(runId, 'another');
    assert.equal((await cancelCommand(turn)).state, 'acknowledged');
    const lost = await eventually(
      async () => read(runId),
      ({ attempt }) => attempt === 2,
    );
    assert.deepEqual([lost.status, await stateOf(turn), await stateOf(other)], ['pending', 'cancelled', 'pending']);
    const next = await ForeignRunner.claim(api, runId);
    await next.ack(other.id);
    await next.finishCommand(other.id);
    assert.equal((await next.finishRun()).status, 'completed');
  });

  it('hands a steer that came too late on as the next turn, with its words', async () => {
    const { runId, runner, turn } = await running();
    await runner.finishCommand(turn.id);
    const body = { type: 'steer', payload: { prompt: 'and then this' } };
    const steer = await api.post(`/api/v1/runs/${runId}/commands`, body);
    await runner.ack(steer.id);
    const late = { terminalStatus: 'cancelled', failureKind: 'cancelled', tooLate: true };
    const { state, supersededBy } = await runner.finishCommand(steer.id, late);
    assert.equal(state, 'cancelled');
    assert.equal((await runner.finishCommand(steer.id, late)).supersededBy, supersededBy, 'once');
    const { items } = await runner.poll({ afterSeq: steer.seq });
    assert.deepEqual(
      items.map(({ id, type, seq, payload }: Loose) => [id, type, seq, payload]),
      [[supersededBy, 'turn', 3, { prompt: 'and then this' }]],
    );
  });

  it('stays as it ended when requests with the same key are repeated', async () => {
    const { runId, runner, turn } = await running();
    const command = { type: 'turn', payload: { prompt: 'keyed' }, idempotencyKey: 'one' };
    const path = `/api/v1/runs/${runId}/commands`;
    const many = await Promise.all(Array.from({ length: 20 }, async () => api.post(path, command)));
    assert.equal(new Set(many.map(({ id }) => id)).size, 1);
    assert.equal((await read(runId)).lastCommandSeq, Number(turn.seq) + 1);
    await runner.finishRun();
    assert.equal((await api.post(path, command)).id, many[0]!.id);
    const other = await api.request('POST', path, { ...command, payload: { prompt: 'other' } });
    assert.equal(refusalOf(other).failureKind, 'idempotency-conflict');
    const late = await api.request('POST', path, { ...command, idempotencyKey: 'two' });
    assert.deepEqual([late.status, late.body.error.details.terminalStatus], [409, 'completed'], 'as without a key');
    assert.equal((await api.get(`${path}?limit=100`)).items.length, 2);
  });
});
