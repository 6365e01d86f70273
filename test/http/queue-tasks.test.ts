import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'mocha';
import { aipodSpec } from '../support/aipod-specs.js';
import { eventually, type Loose } from '../support/api.js';
import { ACME_TOKEN, refused, succeeded, useManager, type Api } from './api.js';

const TASKS = '/api/v1/queue/tasks';
const fresh = () => `q-${randomUUID()}`;
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

const bodyOf = (more: Loose = {}) => ({
  queue: fresh(),
  tenantId: 'acme',
  projectId: 'site',
  backendProfile: 'exec',
  prompt: 'true',
  ...more,
});

const create = async (api: Api, more: Loose = {}): Promise<Loose> => succeeded(await api.post(TASKS, bodyOf(more)));
const read = async (api: Api, id: string): Promise<Loose> => succeeded(await api.get(`${TASKS}/${id}`));
const dispatch = async (api: Api, id: string): Promise<Loose> => succeeded(await api.post(`${TASKS}/${id}/dispatch`));
const until = async (api: Api, id: string, satisfies: (task: Loose) => boolean): Promise<Loose> =>
  eventually(async () => read(api, id), satisfies, 60_000);
const ended = async (api: Api, id: string) => until(api, id, ({ phase }) => phase === 'ended');
const isAtWork = ({ latestAttempt }: Loose) => latestAttempt?.state === 'acknowledged';

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
    const body = bodyOf({ idempotencyKey: randomUUID(), notBefore: new Date(Date.now() + 1_500).toISOString() });
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
    const queue = fresh();
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
      queue: fresh(),
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

    const version = { aipod: { name, version: 2 }, prompt: 'true', queue: fresh() };
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
      const queue = more.queue ?? fresh();
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

describe('a task', function () {
  this.timeout(120_000);
  const manager = useManager();

  it('runs when it is dispatched, once, however often that is said', async () => {
    const task = await create(manager.api, { prompt: 'echo done by $(basename $0)' });
    const answers = await Promise.all(Array.from({ length: 4 }, async () => dispatch(manager.api, task.id)));
    assert.ok(answers.every(({ dispatchedAt }) => dispatchedAt !== null));
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.state, whole.attempts.length, whole.failureKind], ['completed', 1, null]);
    const { latestAttempt, supervisor } = whole;
    assert.deepEqual(whole.attempts, [latestAttempt]);
    assert.deepEqual(
      [latestAttempt.attempt, latestAttempt.state, latestAttempt.startedRun, latestAttempt.sessionId],
      [1, 'completed', true, null],
    );
    assert.ok(latestAttempt.runnerJobId && latestAttempt.finishedAt && whole.usage.wallTimeMs > 0);
    assert.deepEqual(
      [supervisor.source, supervisor.runId, supervisor.commandId, supervisor.terminalStatus, supervisor.active],
      ['latest-attempt', latestAttempt.runId, latestAttempt.commandId, 'completed', false],
    );
    assert.match(whole.diagnosis, /The task completed in attempt 1 of 3; read the reply/);
    const details = refused(await manager.api.post(`${TASKS}/${task.id}/dispatch`), 409, 'schema-invalid');
    assert.deepEqual([details.taskId, details.state], [task.id, 'completed']);
    const listed = succeeded(await manager.api.get(`${TASKS}?queue=${task.queue}`));
    assert.deepEqual(
      listed.items.map(({ id, supervisor: { status } }: Loose) => [id, status]),
      [[task.id, 'completed']],
    );
  });

  it('is unread when it has ended, to each reader until that one marks it', async () => {
    const task = await create(manager.api, { autoDispatch: true });
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.unread, whole.attentionState], [true, 'unread']);
    const marked = succeeded(await manager.api.post(`${TASKS}/${task.id}/read`, { readerId: 'ann' }));
    assert.deepEqual([marked.unread, marked.attentionState], [false, 'none']);
    const forAnn = succeeded(await manager.api.get(`${TASKS}/${task.id}?readerId=ann`));
    assert.deepEqual([forAnn.unread, (await read(manager.api, task.id)).unread], [false, true]);
    assert.equal(succeeded(await manager.api.post(`${TASKS}/${task.id}/read`)).unread, false);
    assert.equal((await read(manager.api, task.id)).unread, false);
  });

  it('that failed begins again when it is dispatched again, and remembers its attempts', async () => {
    const task = await create(manager.api, { prompt: 'exit 3', autoDispatch: true });
    const failed = await ended(manager.api, task.id);
    assert.deepEqual([failed.state, failed.failureKind, failed.attentionState], ['failed', 'backend-failed', 'failed']);
    assert.match(failed.diagnosis, /The task failed after attempt 1 of 3: .*dispatch the task again/);
    const { action, operation, resourceKind, resourceName } = failed.supervisor.recoveryActions[0];
    assert.deepEqual([action, operation, resourceKind, resourceName], ['dispatch-task', 'dispatch', 'task', task.id]);
    assert.ok(failed.supervisor.recoveryActions.every((one: Loose) => one.action !== 'create-run'));
    await dispatch(manager.api, task.id);
    const again = await until(
      manager.api,
      task.id,
      ({ attempts, phase }) => attempts.length === 2 && phase === 'ended',
    );
    assert.deepEqual(
      again.attempts.map(({ attempt, state }: Loose) => [attempt, state]),
      [
        [1, 'failed'],
        [2, 'failed'],
      ],
    );
    assert.notEqual(again.attempts[0].runId, again.attempts[1].runId);
  });

  it('waits for its time', async () => {
    const notBefore = inAnHour();
    const task = await create(manager.api, { autoDispatch: true, notBefore });
    assert.deepEqual([task.phase, task.waitingUntil, task.notBefore], ['waiting-until', notBefore, notBefore]);
    const cancelled = succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`, { reason: 'changed my mind' }));
    assert.deepEqual(
      [cancelled.state, cancelled.cancelReason, cancelled.waitingUntil],
      ['cancelled', 'changed my mind', null],
    );
    const later = succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`, { reason: 'again' }));
    assert.equal(later.cancelReason, 'changed my mind');
    refused(await manager.api.post(`${TASKS}/${task.id}/dispatch`), 409, 'schema-invalid');
    assert.match((await read(manager.api, task.id)).diagnosis, /was cancelled \(changed my mind\)/);
  });

  it('is cancelled with its command and the run that it started', async () => {
    const task = await create(manager.api, { prompt: 'sleep 60', autoDispatch: true });
    const { latestAttempt } = await until(manager.api, task.id, isAtWork);
    const asked = succeeded(await manager.api.post(`${TASKS}/${task.id}/cancel`, { reason: 'enough' }));
    assert.ok(asked.cancelRequestedAt);
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.state, whole.cancelReason], ['cancelled', 'enough']);
    assert.equal(whole.latestAttempt.state, 'cancelled');
    const run = await eventually(
      async () => succeeded(await manager.api.get(`/api/v1/runs/${latestAttempt.runId}`)),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    assert.equal(run.status, 'cancelled');
  });

  it('shows how the session stands that it works in', async () => {
    const sessionId = `s-${randomUUID()}`;
    const task = await create(manager.api, { prompt: 'sleep 3', autoDispatch: true, sessionRef: { sessionId } });
    const working = await until(manager.api, task.id, isAtWork);
    assert.deepEqual([working.active, working.attentionState], [true, 'active-session']);
    assert.deepEqual(
      [working.activeSession.sessionId, working.activeSession.sessionPath, working.activeSession.executionState],
      [sessionId, `/api/v1/sessions/${sessionId}`, 'running'],
    );
    assert.deepEqual(
      [working.supervisor.source, working.supervisor.phase, working.supervisor.activeCommandId],
      ['active-session', 'turn-running', working.latestAttempt.commandId],
    );
    assert.deepEqual(working.supervisor.activeSession, working.activeSession);
    succeeded(await manager.api.post(`${TASKS}/${task.id}/read`));
    const minded = succeeded(await manager.api.get(`/api/v1/queue/commander?queue=${task.queue}`));
    assert.deepEqual([minded.items[0].id, minded.count, minded.activeSessionCount], [task.id, 1, 1]);
    const whole = await ended(manager.api, task.id);
    assert.deepEqual([whole.activeSession, whole.active, whole.state], [null, false, 'completed']);
    assert.equal(whole.latestAttempt.sessionId, sessionId);
  });

  it('says how it stands when it is asked to look', async () => {
    const task = await create(manager.api, { autoDispatch: true });
    const looked = succeeded(await manager.api.post(`${TASKS}/${task.id}/refresh`));
    assert.equal(looked.id, task.id);
    await ended(manager.api, task.id);
    assert.equal(succeeded(await manager.api.post(`${TASKS}/${task.id}/refresh`)).state, 'completed');
  });

  it('is refused when its queue is full, and takes its place when there is room', async () => {
    const queue = fresh();
    succeeded(await manager.api.request('PUT', `/api/v1/queue/queues/${queue}`, { maxPending: 1 }));
    const first = await create(manager.api, { queue });
    const idempotencyKey = randomUUID();
    const details = refused(await manager.api.post(TASKS, bodyOf({ queue, idempotencyKey })), 429, 'rate-limited');
    assert.deepEqual([details.queue, details.maxPending], [queue, 1]);
    succeeded(await manager.api.post(`${TASKS}/${first.id}/cancel`));
    assert.equal((await create(manager.api, { queue, idempotencyKey })).state, 'pending');
  });

  it('cannot be told a reason or a reader that is none', async () => {
    const { id } = await create(manager.api);
    const field = (answer: Awaited<ReturnType<Api['post']>>) => refused(answer, 400, 'schema-invalid').field;
    assert.equal(field(await manager.api.post(`${TASKS}/${id}/cancel`, { reason: 'x'.repeat(2_001) })), 'reason');
    assert.equal(field(await manager.api.post(`${TASKS}/${id}/cancel`, { reason: 5 })), 'reason');
    assert.equal(field(await manager.api.post(`${TASKS}/${id}/read`, { readerId: 'a b' })), 'readerId');
    assert.equal(field(await manager.api.get(`${TASKS}/${id}?readerId=a%20b`)), 'readerId');
    assert.equal((await read(manager.api, id)).state, 'pending');
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
    const queue = fresh();
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
