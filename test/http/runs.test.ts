import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'mocha';
import { ACME_TOKEN, refused, succeeded, useManager } from './api.js';

const RUNS = '/api/v1/runs';
const body = { tenantId: 'acme', projectId: 'site', backendProfile: 'exec' };

describe('creating a run', function () {
  const manager = useManager();

  it('fills the defaults', async () => {
    const run = await manager.api.createRun({ executionPolicy: { timeoutMs: 5_000 }, backendProfile: undefined });
    assert.deepEqual([run.status, run.attempt, run.backendProfile, run.claimedBy], ['pending', 1, 'codex', null]);
    assert.deepEqual(run.workspaceRef, { kind: 'none' });
    assert.equal(run.executionPolicy.timeoutMs, 5_000);
    assert.equal(run.executionPolicy.sandbox, 'workspace-write');
    assert.equal(run.retryPolicy.maxAttempts, 3);
    assert.deepEqual(succeeded(await manager.api.get(`${RUNS}/${run.id}`)), run);
  });

  it('answers the same run again for the same key, also after its end, and refuses the key for another body', async () => {
    const idempotencyKey = randomUUID();
    const first = await manager.api.createRun({ idempotencyKey });
    assert.equal((await manager.api.createRun({ idempotencyKey })).id, first.id);
    succeeded(await manager.api.post(`${RUNS}/${first.id}/cancel`));
    const again = await manager.api.createRun({ idempotencyKey });
    assert.deepEqual([again.id, again.status], [first.id, 'cancelled']);
    const other = await manager.api.post(RUNS, { ...body, projectId: 'other', idempotencyKey });
    assert.equal(refused(other, 409, 'idempotency-conflict').field, 'idempotencyKey');
  });

  it('makes one run of many requests with one key at once', async () => {
    const idempotencyKey = randomUUID();
    const made = await Promise.all(Array.from({ length: 8 }, async () => manager.api.createRun({ idempotencyKey })));
    assert.equal(new Set(made.map((run) => run.id)).size, 1);
  });

  it('refuses an unknown backend, naming the field', async () => {
    const details = refused(await manager.api.post(RUNS, { ...body, backendProfile: 'other' }), 400, 'schema-invalid');
    assert.equal(details.field, 'backendProfile');
  });

  it('refuses a secret in the URL of the repository, and repeats nothing of it', async () => {
    for (const repoUrl of ['https://u:planted@git.example.com/x.git', 'https://git.example.com/x?token=planted']) {
      const answer = await manager.api.post(RUNS, { ...body, workspaceRef: { kind: 'git', repoUrl } });
      assert.equal(refused(answer, 400, 'schema-invalid').field, 'workspaceRef.repoUrl');
      assert.doesNotMatch(JSON.stringify(answer.body), /planted/);
    }
    const workspaceRef = { kind: 'git', repoUrl: 'ssh://git@git.example.com/x.git' };
    assert.deepEqual((await manager.api.createRun({ workspaceRef })).workspaceRef, workspaceRef);
  });

  it('refuses a second live run of a session, naming the first; after its end there may be another', async () => {
    const sessionRef = { sessionId: `s-${randomUUID()}` };
    const idempotencyKey = randomUUID();
    const first = await manager.api.createRun({ sessionRef });
    const refusal = await manager.api.post(RUNS, { ...body, sessionRef, idempotencyKey });
    assert.equal(refused(refusal, 409, 'schema-invalid').activeRunId, first.id);
    succeeded(await manager.api.post(`${RUNS}/${first.id}/cancel`));
    const second = await manager.api.createRun({ sessionRef, idempotencyKey });
    assert.notEqual(second.id, first.id);
    assert.equal(succeeded(await manager.api.get(`${RUNS}/${first.id}`)).status, 'cancelled');
  });
});

describe('tenants', function () {
  const manager = useManager();

  it("do not see each other's runs, commands or sessions", async () => {
    const sessionRef = { sessionId: `s-${randomUUID()}` };
    const run = await manager.api.createRun({ tenantId: 'beta', sessionRef });
    const command = await manager.api.addTurn(run.id);
    const acme = manager.api.as(ACME_TOKEN);
    refused(await acme.get(`${RUNS}/${run.id}`), 404, 'schema-invalid');
    refused(await acme.post(`/api/v1/commands/${command.id}/cancel`), 404, 'schema-invalid');
    refused(await acme.patch(`${RUNS}/${run.id}/lease`, { runnerId: 'r' }), 404, 'schema-invalid');
    refused(await acme.post(`${RUNS}/${run.id}/events`, {}), 404, 'schema-invalid');
    refused(await acme.post('/api/v1/runners/register', { runId: run.id }), 404, 'schema-invalid');
    const runner = { runnerId: `rnr-${randomUUID()}`, runId: run.id };
    succeeded(await manager.api.post('/api/v1/runners/register', runner));
    refused(await acme.post('/api/v1/runners/register', { runnerId: runner.runnerId }), 409, 'schema-invalid');
    assert.deepEqual(succeeded(await acme.get(`${RUNS}?tenantId=beta`)).items, []);
    const taken = refused(await acme.post(RUNS, { ...body, sessionRef }), 409, 'schema-invalid');
    assert.equal(JSON.stringify(taken).includes(run.id), false);
    refused(await acme.post(RUNS, { ...body, tenantId: 'beta' }), 403, 'forbidden');
  });

  it('keep a session for themselves after its runs have ended', async () => {
    const sessionRef = { sessionId: `s-${randomUUID()}` };
    const run = await manager.api.createRun({ tenantId: 'beta', sessionRef });
    succeeded(await manager.api.post(`${RUNS}/${run.id}/cancel`));
    refused(await manager.api.post(RUNS, { ...body, sessionRef }), 409, 'schema-invalid');
  });

  it('have their own idempotency keys', async () => {
    const idempotencyKey = randomUUID();
    const one = await manager.api.createRun({ idempotencyKey });
    const other = await manager.api.createRun({ idempotencyKey, tenantId: 'beta' });
    assert.notEqual(one.id, other.id);
  });
});

describe('listing runs', function () {
  const manager = useManager();

  it('pages newest first, and filters', async () => {
    const tenantId = `t-${randomUUID()}`;
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.unshift((await manager.api.createRun({ tenantId })).id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = succeeded(await manager.api.get(`${RUNS}?tenant=${tenantId}&limit=2&cursor=${cursor}`));
      seen.push(...page.items.map((run: { id: string }) => run.id));
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    assert.deepEqual(seen, made);
    succeeded(await manager.api.post(`${RUNS}/${made[0]}/cancel`));
    const cancelled = succeeded(await manager.api.get(`${RUNS}?tenantId=${tenantId}&status=cancelled`));
    assert.deepEqual(
      cancelled.items.map((run: { id: string }) => run.id),
      [made[0]],
    );
  });

  it('takes the default for a limit that is no number, and refuses unknown words and foreign cursors', async () => {
    succeeded(await manager.api.get(`${RUNS}?limit=many`));
    assert.equal(refused(await manager.api.get(`${RUNS}?status=open`), 400, 'schema-invalid').field, 'status');
    assert.equal(refused(await manager.api.get(`${RUNS}?cursor=nonsense`), 400, 'schema-invalid').field, 'cursor');
  });
});

describe('ending a run', function () {
  const manager = useManager();

  it('keeps the first terminal word', async () => {
    const run = await manager.api.createRun();
    const failure = { failureKind: 'backend-failed', failureMessage: 'the words of a runner' };
    const failed = succeeded(await manager.api.patch(`${RUNS}/${run.id}/status`, failure));
    assert.deepEqual([failed.status, failed.failureMessage], ['failed', 'the words of a runner']);
    const again = await manager.api.patch(`${RUNS}/${run.id}/status`, { terminalStatus: 'completed' });
    assert.equal(succeeded(again).status, 'failed');
    assert.equal(succeeded(await manager.api.post(`${RUNS}/${run.id}/cancel`, { reason: 'late' })).status, 'failed');
  });

  it('cancels what is open with it, and says so in the result', async () => {
    const run = await manager.api.createRun();
    const command = await manager.api.addTurn(run.id);
    const cancelled = succeeded(await manager.api.post(`${RUNS}/${run.id}/cancel`, { reason: 'not wanted' }));
    assert.deepEqual([cancelled.status, cancelled.cancelReason], ['cancelled', 'not wanted']);
    const result = succeeded(await manager.api.get(`${RUNS}/${run.id}/commands/${command.id}/result`));
    assert.deepEqual([result.terminalStatus, result.liveness.phase], ['cancelled', 'terminal']);
    assert.match(result.diagnosis, /^The turn was cancelled/);
  });

  it('refuses claims, commands and events afterwards', async () => {
    const run = await manager.api.createRun();
    succeeded(await manager.api.patch(`${RUNS}/${run.id}/status`, { terminalStatus: 'completed' }));
    refused(await manager.api.post(`${RUNS}/${run.id}/claim`, { runnerId: 'r' }), 409, 'schema-invalid');
    const turn = { payload: { prompt: 'true' } };
    refused(await manager.api.post(`${RUNS}/${run.id}/commands`, turn), 409, 'schema-invalid');
    const keyed = { ...turn, idempotencyKey: 'late' };
    refused(await manager.api.post(`${RUNS}/${run.id}/commands`, keyed), 409, 'schema-invalid');
    refused(await manager.api.post(`${RUNS}/${run.id}/events`, {}), 409, 'schema-invalid');
    refused(await manager.api.post(`${RUNS}/${run.id}/runner-jobs`), 409, 'schema-invalid');
  });
});
