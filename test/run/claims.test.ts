import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { endLease } from '../support/end-lease.js';
import { ForeignRunner, refusalOf } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

/** Short to wait for; some requests must fit into it. */
const SHORT_LEASE_MS = 8_000;

describe('holding a run', () => {
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const claim = async (runId: string, runnerId: string, body = {}) =>
    api.request('POST', `/api/v1/runs/${runId}/claim`, { runnerId, ...body });

  /** A 503 says nothing of who has it. */
  const settled = async (runId: string, runnerId: string) =>
    api.settled('POST', `/api/v1/runs/${runId}/claim`, { runnerId });

  it('is for exactly one of twenty runners that claim at once; the others learn that it is taken', async () => {
    const run = await api.createRun();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => settled(run.id, `racer-${index}`)),
    );
    const [winner, ...more] = answers.filter(({ status }) => status === 200);
    assert.equal(more.length, 0);
    const losers = answers.filter(({ status }) => status !== 200).map(refusalOf);
    assert.equal(losers.length, 19);
    for (const { status, failureKind } of losers) assert.deepEqual([status, failureKind], [409, 'lease-conflict']);
    const record = await api.get(`/api/v1/runs/${run.id}`);
    assert.equal(record.claimedBy, winner!.body.data.claimedBy);
    assert.deepEqual([record.status, record.attempt], ['claimed', 1]);
  });

  it('goes on for a runner that claims again', async () => {
    const run = await api.createRun();
    const first = await ForeignRunner.claim(api, run.id, { runnerId: 'again', leaseMs: 60_000 });
    const again = await ForeignRunner.claim(api, run.id, { runnerId: 'again', leaseMs: 600_000 });
    assert.equal(again.attempt, 1);
    assert.ok(Date.parse(again.run.leaseExpiresAt) - Date.parse(first.run.leaseExpiresAt) > 500_000);
    const claims = (await api.events(run.id)).filter(({ payload }) => payload.phase === 'runner-claim-accepted');
    assert.equal(claims.length, 1, 'nothing new happened');
  });

  it('is renewed by heartbeats, which tell of cancel marks and the newest command', async () => {
    const run = await api.createRun();
    const runner = await ForeignRunner.claim(api, run.id, { leaseMs: 60_000 });
    const turn = await api.addTurn(run.id, 'anything');
    await runner.ack(turn.id);
    const renewed = await runner.renew(600_000);
    assert.ok(Date.parse(renewed.leaseExpiresAt) > Date.parse(runner.run.leaseExpiresAt));
    assert.equal(renewed.lastCommandSeq, 1);
    assert.deepEqual([renewed.cancelRequestedAt, renewed.cancelCommandIds], [null, []]);
    await api.post(`/api/v1/commands/${turn.id}/cancel`);
    assert.deepEqual((await runner.renew()).cancelCommandIds, [turn.id]);
    await api.post(`/api/v1/runs/${run.id}/cancel`, { reason: 'enough' });
    const cancelled = await runner.renew();
    assert.ok(cancelled.cancelRequestedAt);
    assert.equal(cancelled.cancelReason, 'enough');
  });

  it('is not renewed for a runner that does not hold it', async () => {
    const run = await api.createRun();
    const renew = async (runnerId: string) => api.request('PATCH', `/api/v1/runs/${run.id}/lease`, { runnerId });
    assert.equal(refusalOf(await renew('nobody')).failureKind, 'lease-lost');
    await ForeignRunner.claim(api, run.id);
    assert.deepEqual(refusalOf(await renew('another')).failureKind, 'lease-lost');
    const unknown = await api.request('PATCH', '/api/v1/runs/run_00000000000000000000/lease', { runnerId: 'a' });
    assert.equal(unknown.status, 404);
  });

  it('passes to another runner as soon as the lease is over, and not before', async () => {
    const run = await api.createRun();
    const first = await ForeignRunner.claim(api, run.id, { leaseMs: SHORT_LEASE_MS });
    assert.equal(refusalOf(await claim(run.id, 'early')).failureKind, 'lease-conflict');
    const taken = await eventually(
      async () => claim(run.id, 'next'),
      ({ status }) => status === 200,
    );
    assert.ok(Date.now() >= Date.parse(first.run.leaseExpiresAt), 'not before');
    assert.ok(Date.now() - Date.parse(first.run.leaseExpiresAt) < 30_000, 'as soon as');
    assert.deepEqual([taken.body.data.attempt, taken.body.data.claimedBy], [2, 'next']);
  });

  it('is waited for again when nobody takes over: the run is pending, with the next attempt', async () => {
    const run = await api.createRun();
    const first = await ForeignRunner.claim(api, run.id, { leaseMs: 60_000 });
    const turn = await api.addTurn(run.id, 'anything');
    await first.ack(turn.id);
    await endLease(manager.database, run.id);
    const lost = await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ attempt }) => attempt === 2,
    );
    assert.deepEqual([lost.status, lost.claimedBy, lost.leaseExpiresAt], ['pending', null, null]);
    const next = await ForeignRunner.claim(api, run.id);
    const { items } = await next.poll();
    assert.deepEqual(
      items.map(({ id, state }: Loose) => [id, state]),
      [[turn.id, 'acknowledged']],
      'what was open is handed on',
    );
    assert.deepEqual([(await next.ack(turn.id)).attempt, (await next.ack(turn.id)).state], [2, 'acknowledged']);
  });

  it('ends with the last attempt: the run fails as runner-lost, and its open commands with it', async () => {
    const run = await api.createRun({ retryPolicy: { maxAttempts: 2, backoffMs: 0 } });
    const turn = await api.addTurn(run.id, 'anything');
    for (const attempt of [1, 2]) {
      const runner = await ForeignRunner.claim(api, run.id, { leaseMs: 60_000 });
      assert.equal(runner.attempt, attempt);
      await runner.ack(turn.id);
      await endLease(manager.database, run.id);
      await eventually(
        async () => api.get(`/api/v1/runs/${run.id}`),
        (record) => record.attempt > attempt || record.terminalStatus !== null,
      );
    }
    const record = await api.get(`/api/v1/runs/${run.id}`);
    assert.deepEqual([record.status, record.failureKind, record.attempt], ['failed', 'runner-lost', 2]);
    const command = await api.get(`/api/v1/runs/${run.id}/commands/${turn.id}`);
    assert.deepEqual([command.state, command.failureKind], ['failed', 'runner-lost']);
    assert.equal(refusalOf(await claim(run.id, 'late')).status, 409);
  });

  it('stays with a runner that came first when the Job that was asked for finds the run taken', async () => {
    const run = await api.createRun();
    await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    const runner = await ForeignRunner.claim(api, run.id);
    await eventually(
      async () => (await api.get(`/api/v1/runs/${run.id}/runner-jobs`)).items[0],
      ({ terminal }) => terminal,
    );
    // The end of the Job is told to the workflow before its row shows it; what is asked now comes after that.
    const turn = await api.addTurn(run.id, 'anything');
    await runner.ack(turn.id);
    assert.equal((await runner.renew()).attempt, 1);
    assert.equal((await runner.finishRun()).status, 'completed');
  });
});
