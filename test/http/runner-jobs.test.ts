import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { eventually } from '../support/api.js';
import { runnerOfJob } from '../support/live-runner.js';
import { refused, succeeded, useManager } from './api.js';

const RUNS = '/api/v1/runs';

describe('runner jobs', function () {
  const manager = useManager();

  it('are one for an attempt, however often they are asked for', async () => {
    const { id } = await manager.api.createRun();
    const command = await manager.api.addTurn(id);
    const body = { commandId: command.id, env: { GREETING: 'hello' } };
    const job = succeeded(await manager.api.post(`${RUNS}/${id}/runner-jobs`, body));
    assert.deepEqual([job.runId, job.attempt, job.attemptId, job.commandId], [id, 1, 'attempt-1', command.id]);
    const again = succeeded(await manager.api.post(`${RUNS}/${id}/runner-jobs`, { attemptId: 'other' }));
    assert.deepEqual([again.id, again.attemptId], [job.id, 'attempt-1']);
    const list = succeeded(await manager.api.get(`${RUNS}/${id}/runner-jobs?commandId=${command.id}`));
    assert.deepEqual([list.count, list.items[0].id], [1, job.id]);
    assert.equal(succeeded(await manager.api.get(`${RUNS}/${id}/runner-jobs/${job.id}`)).jobName, job.jobName);
    succeeded(await manager.api.post(`${RUNS}/${id}/cancel`));
    assert.equal(succeeded(await manager.api.post(`${RUNS}/${id}/runner-jobs`)).id, job.id, 'also after the end');
  });

  it('are not asked for again with other wishes', async () => {
    const { id } = await manager.api.createRun();
    const path = `${RUNS}/${id}/runner-jobs`;
    const resources = { limits: { cpu: '1', memory: '1Gi' } };
    const first = { image: 'agent:1', resources, env: { A: '1' } };
    const job = succeeded(await manager.api.post(path, first));
    for (const [field, wish] of Object.entries({ image: 'agent:2', resources: {}, env: { A: '2' } })) {
      const details = refused(await manager.api.post(path, { ...first, [field]: wish }), 409, 'schema-invalid');
      assert.deepEqual([details.field, details.runnerJobId], [field, job.id]);
    }
    const repeated = { env: { A: '1' }, resources: { limits: { memory: '1Gi', cpu: '1' } } };
    assert.equal(succeeded(await manager.api.post(path, repeated)).id, job.id);
    succeeded(await manager.api.post(`${RUNS}/${id}/cancel`));
  });

  it('are answered again to the key that they were asked for with, also when the run has come to another attempt', async function () {
    this.timeout(60_000);
    const { id } = await manager.api.createRun({ retryPolicy: { backoffMs: 0 } });
    const path = `${RUNS}/${id}/runner-jobs`;
    const body = { env: { A: '1' }, idempotencyKey: `start-${id}` };
    const [job, ...others] = await Promise.all(
      [1, 2, 3].map(async () => succeeded(await manager.api.post(path, body))),
    );
    for (const other of others) assert.equal(other.id, job.id);
    refused(await manager.api.post(path, { ...body, env: {} }), 409, 'idempotency-conflict');
    refused(await manager.api.post(path, { idempotencyKey: body.idempotencyKey }), 409, 'idempotency-conflict');
    await eventually(
      async () => succeeded(await manager.api.get(`${RUNS}/${id}`)),
      ({ status }) => status === 'claimed',
      30_000,
    );
    process.kill(runnerOfJob(job.jobName).runner.pid, 'SIGKILL');
    await eventually(
      async () => succeeded(await manager.api.get(path)),
      ({ count }) => count === 2,
      30_000,
    );
    assert.equal(succeeded(await manager.api.post(path, body)).id, job.id);
    assert.equal(succeeded(await manager.api.post(path)).attempt, 2, 'who names no key speaks of the attempt');
    succeeded(await manager.api.post(`${RUNS}/${id}/cancel`));
    assert.equal(succeeded(await manager.api.post(path, body)).id, job.id, 'also after the end');
  });

  it('leave no key behind where they are refused', async () => {
    const { id } = await manager.api.createRun();
    const path = `${RUNS}/${id}/runner-jobs`;
    const { id: foreign } = await manager.api.addTurn((await manager.api.createRun()).id);
    const key = { idempotencyKey: 'refused-first' };
    refused(await manager.api.post(path, { ...key, commandId: foreign }), 400, 'schema-invalid');
    assert.equal(succeeded(await manager.api.post(path, key)).runId, id);
    succeeded(await manager.api.post(`${RUNS}/${id}/cancel`));
  });

  it('are not made for a run that a runner holds', async () => {
    const { id } = await manager.api.createRun();
    await manager.api.claim(id);
    const details = refused(await manager.api.post(`${RUNS}/${id}/runner-jobs`), 409, 'schema-invalid');
    assert.equal(details.claimedBy, 'rnr_test');
    assert.equal(succeeded(await manager.api.get(`${RUNS}/${id}/runner-jobs`)).count, 0);
  });

  it("are not made for another run's command, nor with our own variables", async () => {
    const { id } = await manager.api.createRun();
    const other = await manager.api.createRun();
    const { id: commandId } = await manager.api.addTurn(other.id);
    const foreign = await manager.api.post(`${RUNS}/${id}/runner-jobs`, { commandId });
    assert.equal(refused(foreign, 400, 'schema-invalid').field, 'commandId');
    const env = { AGENTRUN_TOKEN: 'x' };
    const ours = await manager.api.post(`${RUNS}/${id}/runner-jobs`, { env });
    assert.equal(refused(ours, 400, 'schema-invalid').field, 'env.AGENTRUN_TOKEN');
    const missing = await manager.api.get(`${RUNS}/${id}/runner-jobs/rjob_0123456789`);
    refused(missing, 404, 'schema-invalid');
  });
});
