import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'mocha';
import { aipodSpec } from '../support/aipod-specs.js';
import type { Loose } from '../support/api.js';
import { ACME_TOKEN, refused, succeeded, useManager } from './api.js';
import { bodyOf, create, dispatch, ended, freshQueue, read, TASKS, until } from './tasks.js';

describe('creating a task', function () {
  this.timeout(90_000);
  const manager = useManager();

  it('fills the defaults, and begins nothing by itself', async () => {
    const task = await create(manager.api, { queue: undefined, title: 'Look', metadata: { a: 1 } });
    assert.deepEqual(
      [task.queue, task.title, task.state, task.phase, task.priority, task.autoDispatch, task.dispatchedAt],
      ['default', 'Look', 'pending', 'waiting-for-dispatch', 500, false, null],
    );
    assert.deepEqual([task.latestAttempt, task.active, task.attentionState], [null, false, 'none']);
    assert.deepEqual([task.activeSession, task.supervisor, task.unread], [null, null, false]);
    assert.deepEqual(task.retryPolicy, { maxAttempts: 3, backoffMs: 10_000, maxBackoffMs: 600_000 });
    assert.deepEqual([task.budget, task.metadata], [{ maxTokens: null, maxWallTimeMs: null }, { a: 1 }]);
    const whole = await read(manager.api, task.id);
    assert.deepEqual(whole.payload, { prompt: 'true' });
    assert.deepEqual([whole.workspaceRef, whole.executionPolicy.sandbox], [{ kind: 'none' }, 'workspace-write']);
    assert.deepEqual(whole.attempts, []);
    assert.match(whole.diagnosis, /Nobody has dispatched the task yet; dispatch it/);
    succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`));
  });

  it('answers the first task again for the same key, whatever has become of it, and refuses another body', async () => {
    const body = bodyOf({ idempotencyKey: randomUUID(), notBefore: new Date(Date.now() + 5_000).toISOString() });
    const answers = await Promise.all(Array.from({ length: 5 }, () => manager.api.post(TASKS, body)));
    const ids = new Set(answers.map((answer) => succeeded(answer).id));
    assert.equal(ids.size, 1);
    const [id] = ids;
    await dispatch(manager.api, id);
    await ended(manager.api, id);
    assert.ok(Date.parse(body.notBefore) < Date.now());
    const again = succeeded(await manager.api.post(TASKS, body));
    assert.deepEqual([again.id, again.state], [id, 'completed']);
    refused(await manager.api.post(TASKS, { ...body, prompt: 'false' }), 409, 'idempotency-conflict');
    assert.notEqual(
      succeeded(await manager.api.post(TASKS, { ...body, notBefore: undefined, tenantId: 'beta' })).id,
      id,
    );
  });

  it('takes the queue’s word on dispatching, unless the body has its own', async () => {
    const queue = freshQueue();
    succeeded(await manager.api.request('PUT', `/api/v1/queue/queues/${queue}`, { autoDispatch: true, paused: true }));
    const own = await create(manager.api, { queue, autoDispatch: false });
    const given = await create(manager.api, { queue });
    assert.deepEqual([own.autoDispatch, own.phase], [false, 'waiting-for-dispatch']);
    assert.equal(given.autoDispatch, true);
    const waiting = await until(manager.api, given.id, ({ phase }) => phase === 'waiting-for-slot');
    assert.ok(waiting.dispatchedAt);
    assert.match(waiting.diagnosis, /is paused/);
  });

  it('settles what a spec says, so that the spec may change', async () => {
    const name = `Spec-${randomUUID()}`;
    const spec = {
      tenantId: 'acme',
      projectId: 'site',
      backendProfile: 'exec',
      promptPreamble: 'echo from the spec',
      priority: 7,
      queue: freshQueue(),
      retryPolicy: { maxAttempts: 9 },
      executionPolicy: { timeoutMs: 120_000, network: false },
      env: { A: 'spec', B: 'spec' },
    };
    succeeded(await manager.api.post('/api/v1/aipod-specs', aipodSpec(name, 'As the spec calls it', spec)));
    const asked = { aipod: name.toLowerCase(), prompt: 'echo $A $B', runnerJob: { env: { B: 'body' } } };
    const task = succeeded(
      await manager.api.post(TASKS, {
        ...asked,
        executionPolicy: { network: true },
        budget: { maxWallTimeMs: 60_000 },
      }),
    );
    succeeded(await manager.api.post('/api/v1/aipod-specs', aipodSpec(name, 'Changed', { ...spec, priority: 1 })));
    const whole = await read(manager.api, task.id);
    assert.deepEqual([whole.title, whole.priority, whole.queue], ['As the spec calls it', 7, spec.queue]);
    assert.deepEqual([whole.retryPolicy.maxAttempts, whole.aipod], [9, { name, version: 1 }]);
    assert.deepEqual([whole.executionPolicy.timeoutMs, whole.executionPolicy.network], [120_000, true]);
    assert.equal(whole.budget.maxWallTimeMs, 60_000);
    assert.deepEqual(whole.payload, { prompt: 'echo from the spec\n\necho $A $B' });
    await dispatch(manager.api, task.id);
    const { latestAttempt } = await ended(manager.api, task.id);
    const result = succeeded(await manager.api.get(`/api/v1/runs/${latestAttempt.runId}/result`));
    assert.match(result.reply, /from the spec\s+spec body/);

    const version = { aipod: { name, version: 2 }, prompt: 'true', queue: freshQueue() };
    assert.equal(succeeded(await manager.api.post(TASKS, version)).title, 'Changed');
    const details = refused(
      await manager.api.post(TASKS, { ...version, aipod: { name, version: 3 } }),
      400,
      'schema-invalid',
    );
    assert.equal(details.field, 'aipod');
  });

  it('says which field of a spec’s task is missing', async () => {
    const name = `Spec-${randomUUID()}`;
    succeeded(await manager.api.post('/api/v1/aipod-specs', aipodSpec(name, 'bare')));
    const asked = { aipod: name, prompt: 'true', tenantId: 'acme', projectId: 'site' };
    for (const field of ['tenantId', 'projectId', 'prompt']) {
      const details = refused(await manager.api.post(TASKS, { ...asked, [field]: undefined }), 400, 'schema-invalid');
      assert.equal(details.field, field);
    }
  });

  it('keeps a payload’s own fields, and an answer without them', async () => {
    const payload = { prompt: 'true', effort: 'high' };
    const task = await create(manager.api, { prompt: undefined, payload });
    assert.equal(task.payload, undefined);
    assert.deepEqual((await read(manager.api, task.id)).payload, payload);
  });
});

describe('a body that asks for no task', function () {
  const manager = useManager();
  const secret = 'https://user:s3cr3t@git.example.org/x.git';

  const CASES: [field: string, body: Loose, kind?: 'absent'][] = [
    ['tenantId', { tenantId: undefined }],
    ['tenantId', { tenantId: '' }],
    ['projectId', { projectId: undefined }],
    ['projectId', { projectId: 7 }],
    ['prompt', { prompt: undefined }],
    ['prompt', { prompt: '' }],
    ['payload', { payload: { prompt: 'true' } }],
    ['payload', { prompt: undefined, payload: 'true' }],
    ['payload.prompt', { prompt: undefined, payload: {} }],
    ['backendProfile', { backendProfile: 'nothing-there' }],
    ['aipod', { aipod: 'nothing-there' }],
    ['aipod', { aipod: '../x' }],
    ['queue', { queue: 'a b' }],
    ['title', { title: '' }],
    ['title', { title: 'x'.repeat(301) }],
    ['priority', { priority: 1_001 }],
    ['priority', { priority: -1 }],
    ['priority', { priority: 1.5 }],
    ['retryPolicy.maxAttempts', { retryPolicy: { maxAttempts: 0 } }],
    ['retryPolicy.tries', { retryPolicy: { tries: 1 } }],
    ['notBefore', { notBefore: '2020-01-01T00:00:00Z' }],
    ['notBefore', { notBefore: '2199-01-01T00:00:00Z' }],
    ['notBefore', { notBefore: 'tomorrow' }],
    ['autoDispatch', { autoDispatch: 'yes' }],
    ['budget.maxTokens', { budget: { maxTokens: 0 } }],
    ['budget.maxWallTimeMs', { budget: { maxWallTimeMs: 1 } }],
    ['sessionRef.sessionId', { sessionRef: { sessionId: '../x' } }],
    ['workspaceRef.repoUrl', { workspaceRef: { kind: 'git', repoUrl: secret } }],
    ['workspaceRef.repoUrl', { workspaceRef: { kind: 'git' } }],
    ['executionPolicy.sandbox', { executionPolicy: { sandbox: 'none' } }],
    ['runRetryPolicy.backoffMs', { runRetryPolicy: { backoffMs: -1 } }],
    ['runnerJob.env.AGENTRUN_X', { runnerJob: { env: { AGENTRUN_X: '1' } } }],
    ['idempotencyKey', { idempotencyKey: '' }],
  ];
  for (const [field, more] of CASES) {
    it(`is refused for its ${field}: ${JSON.stringify(more).slice(0, 80)}`, async () => {
      const queue = more.queue ?? freshQueue();
      const answer = await manager.api.post(TASKS, bodyOf({ queue, ...more }));
      const details = refused(answer, 400, 'schema-invalid');
      assert.equal(details.field, field, JSON.stringify(answer.body));
      assert.ok(!JSON.stringify(answer.body).includes('s3cr3t'));
      if (more.queue === undefined) {
        assert.deepEqual(succeeded(await manager.api.get(`${TASKS}?queue=${queue}`)).items, []);
      }
    });
  }

  it('is told which backend profiles there are', async () => {
    const answer = await manager.api.post(TASKS, bodyOf({ backendProfile: 'nothing-there' }));
    const { allowed } = refused(answer, 400, 'schema-invalid');
    assert.ok(allowed.includes('exec') && allowed.includes('codex'));
  });
});

describe('tasks of tenants', function () {
  this.timeout(90_000);
  const manager = useManager();

  it('look missing to the others', async () => {
    const { id } = await create(manager.api, { tenantId: 'beta' });
    const acme = manager.api.as(ACME_TOKEN);
    refused(await acme.get(`${TASKS}/${id}`), 404, 'schema-invalid');
    for (const what of ['dispatch', 'refresh', 'cancel', 'read']) {
      refused(await acme.post(`${TASKS}/${id}/${what}`, {}), 404, 'schema-invalid');
    }
    assert.equal((await read(manager.api, id)).state, 'pending');
    const listed = succeeded(await acme.get(`${TASKS}?limit=500`));
    assert.ok(listed.items.every(({ tenantId }: Loose) => tenantId === 'acme'));
    refused(await manager.api.get(`${TASKS}/task_0000000000`), 404, 'schema-invalid');
    refused(await manager.api.post(`${TASKS}/nothing/dispatch`), 404, 'schema-invalid');
  });

  it('are made in reach only, and in no session of another tenant', async () => {
    const acme = manager.api.as(ACME_TOKEN);
    const details = refused(await acme.post(TASKS, bodyOf({ tenantId: 'beta' })), 403, 'forbidden');
    assert.equal(details.field, 'tenantId');
    refused(await acme.post(TASKS, bodyOf({ tenantId: 'beta', idempotencyKey: 'k' })), 403, 'forbidden');
    const sessionId = `s-${randomUUID()}`;
    succeeded(
      await manager.api.post('/api/v1/sessions', {
        sessionId,
        tenantId: 'beta',
        projectId: 'x',
        backendProfile: 'exec',
      }),
    );
    const taken = refused(await acme.post(TASKS, bodyOf({ sessionRef: { sessionId } })), 409, 'schema-invalid');
    assert.deepEqual([taken.field, taken.sessionId], ['sessionRef.sessionId', sessionId]);
  });

  it('are nothing for runners, nor for nobody', async () => {
    const run = await manager.api.createRun();
    const { runner } = await manager.api.claim(run.id);
    refused(await runner.get(TASKS), 403, 'forbidden');
    refused(await runner.post(TASKS, bodyOf()), 403, 'forbidden');
    refused(await manager.api.as(undefined).get(TASKS), 401, 'auth-required');
  });
});

describe('listing tasks', function () {
  this.timeout(90_000);
  const manager = useManager();

  it('pages newest first, and filters', async () => {
    const queue = freshQueue();
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.unshift((await create(manager.api, { queue })).id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = succeeded(await manager.api.get(`${TASKS}?queue=${queue}&limit=2&cursor=${cursor}`));
      seen.push(...page.items.map(({ id }: Loose) => id));
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    assert.deepEqual(seen, made);
    const ids = async (query: string) =>
      succeeded(await manager.api.get(`${TASKS}?queue=${queue}&${query}`)).items.map(({ id }: Loose) => id);
    const { updatedAt } = succeeded(await manager.api.post(`${TASKS}/${made[3]}/cancel`));
    assert.deepEqual(await ids('state=cancelled'), [made[3]]);
    assert.deepEqual(await ids(`updatedAfter=${Date.parse(updatedAt) - 1}`), [made[3]]);
    assert.deepEqual(await ids(`updatedAfter=${Date.parse(updatedAt)}`), []);
    assert.equal((await ids('updatedAfter=x')).length, 5);
    assert.equal((await ids('updatedAfter=99999999999999999999')).length, 0);
    assert.equal((await ids('limit=none')).length, 5);
  });

  it('refuses unknown words', async () => {
    for (const [field, query] of [
      ['state', 'state=done'],
      ['queue', 'queue=a%20b'],
      ['readerId', 'readerId=a%20b'],
      ['cursor', 'cursor=x'],
    ]) {
      assert.equal(refused(await manager.api.get(`${TASKS}?${query}`), 400, 'schema-invalid').field, field);
    }
  });
});
