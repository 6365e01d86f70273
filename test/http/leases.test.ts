import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { refused, succeeded, useManager, type Api } from './api.js';

const RUNS = '/api/v1/runs';

describe('holding a run', function () {
  const manager = useManager();

  it('is for one runner: another is refused, the same renews', async () => {
    const { id } = await manager.api.createRun();
    const { run } = await manager.api.claim(id, 'rnr_one');
    assert.deepEqual([run.status, run.claimedBy, run.attempt], ['claimed', 'rnr_one', 1]);
    const details = refused(
      await manager.api.post(`${RUNS}/${id}/claim`, { runnerId: 'rnr_two' }),
      409,
      'lease-conflict',
    );
    assert.equal(details.claimedBy, 'rnr_one');
    const again = await manager.api.claim(id, 'rnr_one', 120_000);
    assert.equal(again.run.attempt, 1);
    assert.ok(Date.parse(again.run.leaseExpiresAt) > Date.parse(run.leaseExpiresAt));
  });

  it('is won by one of many who try at once', async () => {
    const { id } = await manager.api.createRun();
    const tries = Array.from({ length: 20 }, async (_, index) =>
      manager.api.post(`${RUNS}/${id}/claim`, { runnerId: `rnr_${index}` }),
    );
    const answers = await Promise.all(tries);
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) refused(answer, 409, 'lease-conflict');
  });

  it('is renewed by its runner only', async () => {
    const { id } = await manager.api.createRun();
    const { run, runner } = await manager.api.claim(id, 'rnr_one', 30_000);
    const renewed = succeeded(await runner.patch(`${RUNS}/${id}/lease`, { runnerId: 'rnr_one', leaseMs: 90_000 }));
    assert.ok(Date.parse(renewed.leaseExpiresAt) > Date.parse(run.leaseExpiresAt));
    assert.deepEqual([renewed.lastCommandSeq, renewed.cancelCommandIds], [0, []]);
    refused(await manager.api.patch(`${RUNS}/${id}/lease`, { runnerId: 'rnr_two' }), 409, 'lease-lost');
    refused(await runner.patch(`${RUNS}/${id}/lease`, { runnerId: 'rnr_two' }), 403, 'forbidden');
  });

  it('passes to another runner once the lease is over, and fences the first one', async function () {
    this.timeout(30_000);
    const { id } = await manager.api.createRun({ retryPolicy: { backoffMs: 0 } });
    const { runner: first } = await manager.api.claim(id, 'rnr_one', 1_000);
    const command = await manager.api.addTurn(id);
    const { run, runner: second } = await claimWhenFree(manager.api, id, 'rnr_two');
    assert.deepEqual([run.attempt, run.claimedBy], [2, 'rnr_two']);
    refused(await first.post(`${RUNS}/${id}/events`, {}), 409, 'lease-lost');
    refused(await first.patch(`${RUNS}/${id}/lease`, { runnerId: 'rnr_one' }), 409, 'lease-lost');
    refused(await first.post(`/api/v1/commands/${command.id}/ack`), 409, 'lease-lost');
    refused(await first.patch(`/api/v1/commands/${command.id}/status`), 409, 'lease-lost');
    refused(await first.patch(`${RUNS}/${id}/status`), 409, 'lease-lost');
    refused(await first.post('/api/v1/runners/register', {}), 409, 'lease-lost');
    refused(await first.get(`${RUNS}/${id}/commands?waitMs=5000&afterSeq=9`), 409, 'lease-lost');
    const asFirst = { runnerId: 'rnr_one', attempt: 1 };
    refused(await manager.api.patch(`${RUNS}/${id}/status`, asFirst), 409, 'lease-lost');
    assert.equal(succeeded(await second.post(`/api/v1/commands/${command.id}/ack`)).attempt, 2);
  });
});

describe('a runner token', function () {
  const manager = useManager();

  it('reaches its own run, and nothing else', async () => {
    const { id } = await manager.api.createRun();
    const other = await manager.api.createRun();
    const { runner } = await manager.api.claim(id);
    const otherCommand = await manager.api.addTurn(other.id);
    succeeded(await runner.get(`${RUNS}/${id}`));
    succeeded(await runner.get(`${RUNS}/${id}/result`));
    refused(await runner.get(`${RUNS}/${other.id}`), 403, 'forbidden');
    refused(await runner.post(`${RUNS}/${other.id}/events`, {}), 403, 'forbidden');
    refused(await runner.patch(`${RUNS}/${other.id}/lease`, { runnerId: 'rnr_test' }), 403, 'forbidden');
    refused(await runner.post(`/api/v1/commands/${otherCommand.id}/ack`), 403, 'forbidden');
    refused(await runner.get(RUNS), 403, 'forbidden');
    refused(await runner.post(RUNS, { tenantId: 'acme', projectId: 'site' }), 403, 'forbidden');
    refused(await runner.post(`${RUNS}/${id}/cancel`), 403, 'forbidden');
    refused(await runner.post(`${RUNS}/${id}/commands`, { payload: { prompt: 'true' } }), 403, 'forbidden');
  });

  it('speaks for its own runner and attempt only', async () => {
    const { id } = await manager.api.createRun();
    const { runner } = await manager.api.claim(id);
    refused(await runner.post(`${RUNS}/${id}/events`, { runnerId: 'rnr_other' }), 403, 'forbidden');
    refused(await runner.post(`${RUNS}/${id}/events`, { attempt: 2 }), 403, 'forbidden');
    succeeded(await runner.post(`${RUNS}/${id}/events`, { attempt: 1, runnerId: 'rnr_test' }));
  });

  it('registers its runner', async () => {
    const { id } = await manager.api.createRun();
    const { runner } = await manager.api.claim(id);
    const body = { backendProfile: 'exec', placement: { host: 'here' }, sourceCommit: 'abc' };
    const record = succeeded(await runner.post('/api/v1/runners/register', body));
    assert.deepEqual([record.id, record.runId], ['rnr_test', id]);
    const foreign = { ...body, runnerId: 'rnr_other' };
    refused(await runner.post('/api/v1/runners/register', foreign), 403, 'forbidden');
    const own = succeeded(await manager.api.post('/api/v1/runners/register', body));
    assert.match(own.id, /^rnr_/);
  });
});

/** Takes the run as soon as it is free. */
async function claimWhenFree(api: Api, runId: string, runnerId: string): ReturnType<Api['claim']> {
  for (;;) {
    const answer = await api.post(`${RUNS}/${runId}/claim`, { runnerId, leaseMs: 60_000 });
    if (answer.status === 200) return { run: answer.data, runner: api.as(answer.data.runnerToken) };
    refused(answer, 409, 'lease-conflict');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
