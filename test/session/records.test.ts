import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Api, eventually, type Loose } from '../support/api.js';
import { endLease } from '../support/end-lease.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const OWNER = { tenantId: 'acme', projectId: 'shop' };
let numbered = 0;
const newSession = () => `record-${(numbered += 1)}-${Date.now()}`;

describe('a session', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;
  const otherToken = 'other-tenant-operator-token';

  before(async () => {
    const operators = [{ name: 'globex', token: otherToken, tenants: ['globex'] }];
    manager = await startTestManager({
      AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '10000',
      AGENTRUN_OPERATORS_JSON: JSON.stringify(operators),
    });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const path = (sessionId: string, part = '') => `/api/v1/sessions/${sessionId}${part}`;
  const create = async (given: Record<string, unknown> = {}) =>
    api.post('/api/v1/sessions', { ...OWNER, backendProfile: 'exec', ...given });
  const send = async (sessionId: string, body: Record<string, unknown>) => api.post(path(sessionId, '/send'), body);
  const volumeDir = (name: string) => join(manager.dataDir, 'volumes', name);
  const expire = async (sessionId: string) =>
    manager.database.query(`UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE id = $1`, [sessionId]);

  it('is made with its volume, found again, and gets a lost volume anew', async () => {
    const sessionId = newSession();
    const made = await create({ sessionId, metadata: { team: 'a' } });
    assert.deepEqual([made.action, made.session.storageKind, made.pvc.pvcPhase], ['session-created', 'pvc', 'Bound']);
    assert.ok(existsSync(volumeDir(made.pvc.pvcName)));
    const inThirtyDays = Date.parse(made.session.expiresAt) - Date.now();
    assert.ok(Math.abs(inThirtyDays - 30 * 86_400_000) < 60_000, String(inThirtyDays));
    const again = await create({ sessionId });
    assert.deepEqual([again.action, again.pvcName], ['session-exists', made.pvc.pvcName]);
    await rm(volumeDir(made.pvc.pvcName), { recursive: true });
    const recovered = await create({ sessionId });
    assert.equal(recovered.action, 'session-storage-recovered');
    assert.ok(existsSync(volumeDir(made.pvc.pvcName)));
    const named = await create({ idempotencyKey: 'one' });
    assert.match(named.session.sessionId, /^sess_/);
    assert.equal((await create({ idempotencyKey: 'one' })).session.sessionId, named.session.sessionId);
  });

  it('answers a repeat with the same key as the first time, whatever is there by then', async () => {
    const [here, lost, timed] = [newSession(), newSession(), newSession()];
    const action = async (body: Record<string, unknown>) => (await create(body)).action;
    const twice = async (body: Record<string, unknown>) => [await action(body), await action(body)];
    assert.deepEqual(await twice({ sessionId: here, idempotencyKey: `${here}-a` }), [
      'session-created',
      'session-created',
    ]);
    assert.deepEqual(await twice({ sessionId: here, idempotencyKey: `${here}-b` }), [
      'session-exists',
      'session-exists',
    ]);
    const { pvc } = await create({ sessionId: lost });
    await rm(volumeDir(pvc.pvcName), { recursive: true });
    assert.deepEqual(await twice({ sessionId: lost, idempotencyKey: lost }), [
      'session-storage-recovered',
      'session-storage-recovered',
    ]);
    const brief = { sessionId: timed, idempotencyKey: timed, expiresAt: new Date(Date.now() + 8_000).toISOString() };
    assert.equal(await action(brief), 'session-created');
    await eventually(
      async () => Date.now(),
      (now) => now > Date.parse(brief.expiresAt),
    );
    assert.equal(await action(brief), 'session-created');
    const fresh = await api.request('POST', '/api/v1/sessions', {
      ...OWNER,
      ...brief,
      backendProfile: 'exec',
      idempotencyKey: 'other',
    });
    assert.deepEqual([fresh.status, fresh.body.error.details.field], [400, 'expiresAt']);
    const changed = await api.request('POST', '/api/v1/sessions', {
      ...OWNER,
      ...brief,
      backendProfile: 'exec',
      metadata: { a: 1 },
    });
    assert.deepEqual([changed.status, changed.body.failureKind], [409, 'idempotency-conflict']);
  });

  it('follows its runs: pending, running, idle, terminal, with the ids of what is active and what was last', async () => {
    const sessionId = newSession();
    const states: [string, string | null][] = [];
    const look = async () => {
      const { executionState, activeCommandId } = await api.get(path(sessionId));
      states.push([executionState, activeCommandId]);
    };
    await create({ sessionId });
    await look();
    const sent = await send(sessionId, { prompt: 'echo', createRunnerJob: false });
    await look();
    const runner = await ForeignRunner.claim(api, sent.run.id);
    await runner.ack(sent.command.id);
    await look();
    await runner.finishCommand(sent.command.id, { terminalStatus: 'failed', failureKind: 'backend-failed' });
    await look();
    const between = await api.get(path(sessionId));
    assert.deepEqual(
      [between.terminalStatus, between.failureKind, between.active],
      ['failed', 'backend-failed', false],
    );
    assert.deepEqual([between.attentionState, between.unread], ['failed', true]);
    await runner.finishRun();
    await look();
    assert.deepEqual(states, [
      ['idle', null],
      ['pending', sent.command.id],
      ['running', sent.command.id],
      ['idle', null],
      ['terminal', null],
    ]);
    const ended = await api.get(path(sessionId));
    assert.deepEqual(
      [ended.activeRunId, ended.lastRunId, ended.lastCommandId, ended.terminalStatus, ended.supervisor.runId],
      [null, sent.run.id, sent.command.id, 'completed', sent.run.id],
    );
    assert.equal(ended.liveness.phase, 'terminal');
  });

  it('is idle when its runner is lost between turns: nothing waits for the next one', async () => {
    const sessionId = newSession();
    const run = { ...OWNER, backendProfile: 'exec' };
    const sent = await send(sessionId, { prompt: 'echo', run, createRunnerJob: false });
    const runner = await ForeignRunner.claim(api, sent.run.id, { leaseMs: 60_000 });
    await runner.ack(sent.command.id);
    await runner.finishCommand(sent.command.id);
    await endLease(manager.database, sent.run.id);
    await eventually(
      async () => api.get(`/api/v1/runs/${sent.run.id}`),
      ({ attempt }) => attempt === 2,
    );
    const { executionState, active, attentionState } = await api.get(path(sessionId));
    assert.deepEqual([executionState, active, attentionState], ['idle', false, 'unread']);
    const more = await send(sessionId, { prompt: 'echo', createRunnerJob: false });
    assert.deepEqual([more.run.id, (await api.get(path(sessionId))).executionState], [sent.run.id, 'pending']);
    await api.post(`/api/v1/runs/${sent.run.id}/cancel`);
  });

  it('keeps unread marks for each reader', async () => {
    const sessionId = newSession();
    const sent = await send(sessionId, {
      prompt: 'echo',
      run: { ...OWNER, backendProfile: 'exec' },
      createRunnerJob: false,
    });
    const unread = async (reader: string) => (await api.get(path(sessionId, `?readerId=${reader}`))).unread;
    assert.deepEqual([await unread('ann'), await unread('bob')], [false, false]);
    const runner = await ForeignRunner.claim(api, sent.run.id);
    await runner.ack(sent.command.id);
    await runner.finishCommand(sent.command.id);
    assert.deepEqual([await unread('ann'), await unread('bob')], [true, true]);
    await api.post(path(sessionId, '/read'), { readerId: 'ann' });
    assert.deepEqual([await unread('ann'), await unread('bob')], [false, true]);
    const listed = await api.get('/api/v1/sessions?state=unread&readerId=bob');
    assert.ok(listed.items.some((item: Loose) => item.sessionId === sessionId));
    const read = await api.get('/api/v1/sessions?state=unread&readerId=ann');
    assert.ok(read.items.every((item: Loose) => item.sessionId !== sessionId));
    await runner.finishRun();
    assert.equal(await unread('ann'), false, 'it ended as its last turn did');
    const back = await api.post(path(sessionId, '/read'), { readerId: 'ann', unread: true });
    assert.deepEqual([back.action, back.session.unread, await unread('ann')], ['session-unread', true, true]);
    await api.post(path(sessionId, '/read'), { readerId: 'ann' });
    const next = await send(sessionId, { prompt: 'echo', createRunnerJob: false });
    await api.post(`/api/v1/runs/${next.run.id}/cancel`);
    assert.equal(await unread('ann'), true);
  });

  it('lists newest activity first, by state and profile, page by page', async () => {
    const ids = [newSession(), newSession(), newSession()];
    for (const sessionId of ids) await create({ sessionId });
    const first = await api.get('/api/v1/sessions?limit=2&profile=exec');
    assert.deepEqual(
      first.items.map((item: Loose) => item.sessionId),
      [ids[2], ids[1]],
    );
    const next = await api.get(`/api/v1/sessions?limit=2&profile=exec&cursor=${first.nextCursor}`);
    assert.equal(next.items[0].sessionId, ids[0]);
    assert.deepEqual((await api.get('/api/v1/sessions?state=running')).items, []);
    const bad = await api.request('GET', '/api/v1/sessions?state=sleeping');
    assert.deepEqual([bad.status, bad.body.error.details.field], [400, 'state']);
    assert.equal((await api.request('GET', '/api/v1/sessions?cursor=x')).status, 400);
  });

  it('tells its events across runs, and what a person reads of them', async () => {
    const sessionId = newSession();
    const run = { ...OWNER, backendProfile: 'exec', endsWithTurn: true };
    const prompts = ['echo first', 'echo second', 'echo third'];
    for (const prompt of prompts) {
      const sent = await send(sessionId, { prompt, run });
      await untilEnded(api, sent.run.id);
    }
    const texts: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 30; pages += 1) {
      const page = await api.get(path(sessionId, `/output?limit=2${cursor && `&cursor=${cursor}`}`));
      texts.push(...page.items.map(({ payload }: Loose) => payload.text.trim()));
      ({ cursor } = page);
      if (page.nextCursor === undefined) break;
    }
    assert.deepEqual(texts, ['echo first', 'first', 'echo second', 'second', 'echo third', 'third']);
    const latest = await api.get(path(sessionId, '/trace?afterSeq=1'));
    assert.equal(latest.items[0].seq, 2);
    assert.equal(latest.runId, (await api.get(path(sessionId))).lastRunId);
    const all = await api.get(path(sessionId, '/trace?limit=500'));
    assert.equal(new Set(all.items.map((event: Loose) => event.runId)).size, 3);
    const sent = await send(sessionId, { prompt: 'echo fourth', run });
    await untilEnded(api, sent.run.id);
    const more = await api.get(path(sessionId, `/output?cursor=${cursor}`));
    assert.deepEqual(
      more.items.map(({ payload }: Loose) => payload.text.trim()),
      ['echo fourth', 'fourth'],
    );
  });

  it('cancels the active command, else the active run, else refuses', async () => {
    const sessionId = newSession();
    const sent = await send(sessionId, { prompt: 'read x', run: { ...OWNER, backendProfile: 'exec' } });
    await eventually(
      async () => api.get(path(sessionId)),
      ({ executionState }) => executionState === 'running',
    );
    const command = await api.post(path(sessionId, '/control'), { action: 'cancel', reason: 'enough' });
    assert.deepEqual([command.cancelled, command.commandId], ['command', sent.command.id]);
    await eventually(
      async () => api.get(path(sessionId)),
      ({ executionState }) => executionState === 'idle',
    );
    const run = await api.post(path(sessionId, '/control'), { action: 'cancel' });
    assert.deepEqual([run.cancelled, run.runId], ['run', sent.run.id]);
    await untilEnded(api, sent.run.id);
    const none = await api.request('POST', path(sessionId, '/control'), { action: 'cancel' });
    assert.equal(none.status, 409);
  });

  it('looks missing to another tenant, to whom its id is taken', async () => {
    const sessionId = newSession();
    await create({ sessionId });
    const other = api.as(otherToken);
    assert.equal((await other.request('GET', path(sessionId))).status, 404);
    assert.equal((await other.request('POST', path(sessionId, '/send'), { prompt: 'x' })).status, 404);
    const taken = await other.request('POST', '/api/v1/sessions', {
      sessionId,
      tenantId: 'globex',
      projectId: 'x',
      backendProfile: 'exec',
    });
    assert.deepEqual([taken.status, taken.body.message], [409, 'sessionId is taken']);
    const chosen = { prompt: 'x', run: { tenantId: 'globex', projectId: 'x', backendProfile: 'exec' } };
    for (const caller of [other, api]) {
      const sent = await caller.request('POST', path(sessionId, '/send'), chosen);
      assert.deepEqual([sent.status, sent.body.message], [409, 'sessionId is taken']);
    }
    const run = { sessionRef: { sessionId }, tenantId: 'globex', projectId: 'x', backendProfile: 'exec' };
    assert.equal((await other.request('POST', '/api/v1/runs', run)).status, 409);
    assert.ok((await other.get('/api/v1/sessions')).items.every((item: Loose) => item.sessionId !== sessionId));
  });

  it('gives up its storage when asked, not under an active run, and takes no run after that', async () => {
    const sessionId = newSession();
    const run = { ...OWNER, backendProfile: 'exec' };
    const sent = await send(sessionId, { prompt: 'echo kept > file; echo written', run });
    await untilPrinted(api, sent.command, 'written');
    const storage = await api.get(path(sessionId, '/storage'));
    const busy = await api.request('DELETE', path(sessionId, '/storage'));
    assert.deepEqual([busy.status, busy.body.error.details.activeRunId], [409, sent.run.id]);
    await untilEnded(api, sent.run.id);
    const gone = await eventually(
      async () => api.request('DELETE', path(sessionId, '/storage')),
      // Until then its runner is still ending, or its volume.
      ({ body }) => body.data?.action === 'session-storage-evicted',
    );
    assert.equal(gone.status, 200);
    assert.equal(existsSync(volumeDir(storage.pvcName)), false);
    assert.equal((await api.ok('DELETE', path(sessionId, '/storage'))).action, 'session-storage-evicted');
    assert.equal((await api.get(path(sessionId))).storageKind, 'evicted');
    const refused: [string, Record<string, unknown>][] = [
      [path(sessionId, '/send'), { prompt: 'x' }],
      ['/api/v1/runs', { ...run, sessionRef: { sessionId } }],
      ['/api/v1/sessions', { ...OWNER, backendProfile: 'exec', sessionId }],
    ];
    for (const [url, body] of refused) {
      const answer = await api.request('POST', url, body);
      assert.deepEqual([answer.status, answer.body.failureKind], [409, 'session-store-evicted'], url);
    }
    assert.equal(existsSync(volumeDir(storage.pvcName)), false);
  });

  it('records what a runner measured, of its own volume only', async () => {
    const sessionId = newSession();
    const sent = await send(sessionId, {
      prompt: 'echo',
      run: { ...OWNER, backendProfile: 'exec' },
      createRunnerJob: false,
    });
    await create({ sessionId });
    const { pvcName, namespace } = await api.get(path(sessionId, '/storage'));
    const runner = await ForeignRunner.claim(api, sent.run.id);
    const measured = { pvcName, namespace, storageSizeBytes: 12, storageFilesCount: 3, storageSha256: 'ab'.repeat(32) };
    const refreshed = await runner.api.post(path(sessionId, '/storage/refresh'), measured);
    assert.deepEqual(
      [refreshed.action, refreshed.summary.storageSizeBytes, refreshed.summary.storageFilesCount],
      ['session-storage-refreshed', 12, 3],
    );
    const wrong = await api.request('POST', path(sessionId, '/storage/refresh'), { ...measured, pvcName: 'another' });
    assert.deepEqual([wrong.status, wrong.body.error.details.field], [400, 'pvcName']);
    const climbing = await api.request('POST', path(sessionId, '/storage/refresh'), { ...measured, pvcName: '../up' });
    assert.deepEqual([climbing.status, climbing.body.error.details.field], [400, 'pvcName']);
    assert.match(climbing.body.message, /pattern/);
    const unnamed = await api.request('POST', path(sessionId, '/storage/refresh'), { pvcName });
    assert.deepEqual([unnamed.status, unnamed.body.error.details.field], [400, 'namespace']);
    const other = newSession();
    await create({ sessionId: other });
    assert.equal((await runner.api.request('POST', path(other, '/storage/refresh'), measured)).status, 403);
    assert.equal((await runner.api.request('GET', path(other, '/storage'))).status, 403);
    assert.equal((await runner.api.get(path(sessionId, '/storage'))).storageSizeBytes, 12);
    await api.post(`/api/v1/runs/${sent.run.id}/cancel`);
    await runner.finishRun({ terminalStatus: 'cancelled' });
  });

  it('loses its storage to the garbage collection once its time is over and no run lives, as the report says', async () => {
    const [expired, busy, fresh] = [newSession(), newSession(), newSession()];
    for (const sessionId of [expired, busy, fresh]) await create({ sessionId });
    const sent = await send(busy, { prompt: 'echo', createRunnerJob: false });
    for (const sessionId of [expired, busy]) await expire(sessionId);
    const report = await api.post('/api/v1/sessions/storage/gc');
    const outcomes = Object.fromEntries(report.items.map((item: Loose) => [item.sessionId, item.outcome]));
    assert.deepEqual([outcomes[expired], outcomes[busy], outcomes[fresh]], ['evicted', 'kept', undefined]);
    assert.match(report.items.find((item: Loose) => item.sessionId === busy).reason, /run of it lives/);
    assert.equal((await api.get(path(expired))).storageKind, 'evicted');
    assert.equal((await api.get(path(busy))).storageKind, 'pvc');
    await api.post(`/api/v1/runs/${sent.run.id}/cancel`);
    await untilEnded(api, sent.run.id);
    assert.ok(Date.parse((await api.get(path(busy))).expiresAt) > Date.now(), 'activity moves the expiry on');
    assert.equal((await api.as(otherToken).request('POST', '/api/v1/sessions/storage/gc')).status, 403);
  });

  it('refuses bad fields by name, and writes nothing', async () => {
    const count = async () => manager.database.query('SELECT count(*) FROM sessions');
    const before = await count();
    const cases: [Record<string, unknown>, string][] = [
      [{ projectId: 'x' }, 'tenantId'],
      [{ ...OWNER, sessionId: '../up' }, 'sessionId'],
      [{ ...OWNER, sessionId: 'a'.repeat(129) }, 'sessionId'],
      [{ ...OWNER, backendProfile: 'nobody' }, 'backendProfile'],
      [{ ...OWNER, codexRolloutSubdir: '../..' }, 'codexRolloutSubdir'],
      [{ ...OWNER, expiresAt: 'tomorrow' }, 'expiresAt'],
      [{ ...OWNER, backendProfile: 'exec', expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt'],
      [{ ...OWNER, metadata: [] }, 'metadata'],
    ];
    for (const [body, field] of cases) {
      const answer = await api.request('POST', '/api/v1/sessions', body);
      assert.deepEqual([answer.status, answer.body.error?.details?.field], [400, field], JSON.stringify(body));
    }
    assert.deepEqual(await count(), before);
    const control = await api.request('POST', path('nobody', '/control'), { action: 'explode' });
    assert.deepEqual([control.status, control.body.error.details.field], [400, 'action']);
    assert.equal((await api.request('GET', path('nobody'))).status, 404);
  });
});
