import assert from 'node:assert/strict';
import { newId } from '../../src/domain/new-id.js';
import { connectTemporal } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { endLease } from '../support/end-lease.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';
import { runInput } from '../unit/workflows/run-fixtures.js';

const RUN = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
let numbered = 0;
const newSession = () => `talk-${(numbered += 1)}-${Date.now()}`;

describe('a send to a session', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let api: Api;

  before(async () => {
    manager = await startTestManager({ AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '10000' });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  const send = async (sessionId: string, body: Record<string, unknown>) =>
    api.post(`/api/v1/sessions/${sessionId}/send`, body);
  const counts = async () =>
    manager.database.query(`SELECT (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM commands) AS commands,
      (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM runner_jobs) AS jobs,
      (SELECT count(*) FROM idempotency_keys) AS keys`);

  it('begins a run with a runner for an unknown session, goes on with it between turns, and steers its turn', async () => {
    const sessionId = newSession();
    const first = await send(sessionId, { prompt: 'echo one > said.txt; echo first done', run: RUN });
    assert.equal(first.decision, 'turn');
    assert.equal(first.action, 'session-send');
    assert.equal(first.command.payload.prompt, 'echo one > said.txt; echo first done');
    assert.equal(first.activeBefore, null);
    assert.equal(first.runnerJob.runId, first.run.id);
    assert.deepEqual(
      first.pollActions.map(({ action, operation }: Loose) => `${action}/${operation}`),
      [
        'inspect-session/describe',
        'poll-trace/events',
        'poll-output/logs',
        'read-session/read',
        'cancel-session/cancel',
      ],
    );
    await untilPrinted(api, first.command, 'first done');
    // What a turn prints comes before its end: until then a send steers it.
    await eventually(
      async () => api.get(`/api/v1/runs/${first.run.id}/commands/${first.command.id}`),
      ({ state }) => state === 'completed',
    );
    const second = await send(sessionId, { message: 'cat said.txt; read answer; echo got $answer' });
    assert.equal(second.run.id, first.run.id);
    assert.equal(second.decision, 'turn');
    await untilPrinted(api, second.command, 'one');
    const steer = await send(sessionId, { text: 'hello' });
    assert.equal(steer.decision, 'steer');
    assert.equal(steer.runnerJob, null);
    assert.equal(steer.activeBefore.commandId, second.command.id);
    assert.equal(steer.activeBefore.reason, 'active-turn-running');
    await untilPrinted(api, second.command, 'got hello');
    await untilEnded(api, first.run.id);
    const after = await send(sessionId, { prompt: 'cat said.txt' });
    assert.notEqual(after.run.id, first.run.id);
    assert.match(await untilPrinted(api, after.command, 'one'), /one/);
    assert.equal(after.run.sessionRef.threadId, (await api.get(`/api/v1/runs/${first.run.id}`)).threadId);
  });

  it('keeps what the session’s runs may do where the next one is told only something else', async () => {
    const sessionId = newSession();
    const executionPolicy = { sandbox: 'read-only', network: false, timeoutMs: 60_000 };
    const first = await send(sessionId, {
      prompt: 'echo narrow',
      run: { ...RUN, executionPolicy, retryPolicy: { maxAttempts: 7 }, endsWithTurn: true },
    });
    await untilEnded(api, first.run.id);
    const run = { executionPolicy: { timeoutMs: 90_000 }, retryPolicy: { backoffMs: 50 }, endsWithTurn: true };
    const second = await send(sessionId, { prompt: 'echo as narrow', run });
    assert.notEqual(second.run.id, first.run.id);
    const { sandbox, network, timeoutMs } = second.run.executionPolicy;
    assert.deepEqual({ sandbox, network, timeoutMs }, { sandbox: 'read-only', network: false, timeoutMs: 90_000 });
    assert.deepEqual([second.run.retryPolicy.maxAttempts, second.run.retryPolicy.backoffMs], [7, 50]);
    await untilEnded(api, second.run.id);
    const third = await send(sessionId, { prompt: 'echo wide', run: { executionPolicy: null, endsWithTurn: true } });
    assert.equal(third.run.executionPolicy.sandbox, 'workspace-write', 'null is what any run may do');
    await untilEnded(api, third.run.id);
  });

  it('hands fifty at once to one run of an idle session, each once and in the order of their seq', async () => {
    const sessionId = newSession();
    const startedAt = Date.now();
    const sent = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        send(sessionId, { prompt: `echo said ${n}`, run: RUN, idempotencyKey: `m-${n}` }),
      ),
    );
    const tookMs = Date.now() - startedAt;
    assert.equal(new Set(sent.map(({ run }) => run.id)).size, 1);
    assert.deepEqual(
      sent.map(({ command }) => command.seq).sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, n) => n + 1),
    );
    const runId = sent[0].run.id;
    await eventually(
      async () => (await api.get(`/api/v1/runs/${runId}/commands?limit=100&state=open`)).items.length,
      (open) => open === 0,
      60_000,
    );
    const events = await api.events(runId);
    const prompts = events.filter(({ type }) => type === 'user_message').map(({ payload }) => payload.text);
    const inOrder = sent.toSorted((a, b) => a.command.seq - b.command.seq).map(({ command }) => command.payload.prompt);
    assert.deepEqual(prompts, inOrder);
    // Bounds a hang, not the speed: that is measured in bench/.
    assert.ok(tookMs < 60_000, `took ${tookMs} ms`);
    assert.equal((await api.get(`/api/v1/runs?sessionId=${sessionId}`)).items.length, 1);
    const drafts = await manager.database.query('SELECT FROM runs WHERE opened_at IS NULL');
    assert.equal(drafts.length, 0);
  });

  it('answers a repeat with the first result, also after the run has ended, and refuses another body', async () => {
    const sessionId = newSession();
    const body = { prompt: 'echo once', run: RUN, idempotencyKey: 'only' };
    const first = await send(sessionId, body);
    const again = await send(sessionId, body);
    assert.deepEqual([again.command.id, again.run.id], [first.command.id, first.run.id]);
    await untilEnded(api, first.run.id);
    const late = await send(sessionId, body);
    assert.deepEqual([late.command.id, late.run.id, late.decision], [first.command.id, first.run.id, 'turn']);
    assert.equal((await api.get(`/api/v1/runs?sessionId=${sessionId}`)).items.length, 1);
    const other = await api.request('POST', `/api/v1/sessions/${sessionId}/send`, { ...body, prompt: 'echo twice' });
    assert.deepEqual([other.status, other.body.failureKind], [409, 'idempotency-conflict']);
  });

  it('plans without writing anything', async () => {
    const sessionId = newSession();
    const before = await counts();
    const plan = await send(sessionId, { prompt: 'echo', run: RUN, dryRun: true, idempotencyKey: 'dry' });
    assert.deepEqual(await counts(), before);
    assert.deepEqual(
      [plan.action, plan.dryRun, plan.mutation, plan.decision, plan.next.confirm.action],
      ['session-send-plan', true, false, 'turn', 'send-session'],
    );
    assert.equal(plan.run.sessionRef.sessionId, sessionId);
    const { command } = await send(sessionId, { prompt: 'read x', run: RUN });
    await eventually(
      async () => api.get(`/api/v1/runs/${command.runId}/commands/${command.id}`),
      ({ state }) => state === 'acknowledged',
    );
    const steer = await send(sessionId, { prompt: 'x', dryRun: true });
    assert.deepEqual([steer.decision, steer.activeBefore.commandId], ['steer', command.id]);
    await api.post(`/api/v1/runs/${command.runId}/cancel`);
    await untilEnded(api, command.runId);
  });

  it('queues behind a turn that no runner has taken, and waits for the end of a run that is being cancelled', async () => {
    const sessionId = newSession();
    const first = await send(sessionId, { prompt: 'echo a', run: RUN, createRunnerJob: false });
    assert.equal(first.runnerJob, null);
    const second = await send(sessionId, { prompt: 'echo b', createRunnerJob: false });
    assert.deepEqual([second.decision, second.run.id, second.command.seq], ['turn', first.run.id, 2]);
    const runner = await ForeignRunner.claim(api, first.run.id);
    await runner.ack(first.command.id);
    await api.post(`/api/v1/runs/${first.run.id}/cancel`);
    const waiting = send(sessionId, { prompt: 'echo c', createRunnerJob: false });
    await runner.finishRun({ terminalStatus: 'cancelled', failureKind: 'cancelled' });
    const third = await waiting;
    assert.notEqual(third.run.id, first.run.id);
    await api.post(`/api/v1/runs/${third.run.id}/cancel`);
  });

  it('takes a further turn, not a steer, where the lease of the turn ran out', async () => {
    const sessionId = newSession();
    const first = await send(sessionId, { prompt: 'echo a', run: RUN, createRunnerJob: false });
    const runner = await ForeignRunner.claim(api, first.run.id, { leaseMs: 60_000 });
    await runner.ack(first.command.id);
    await endLease(manager.database, first.run.id);
    await eventually(
      async () => api.get(`/api/v1/runs/${first.run.id}`),
      ({ status }) => status === 'pending',
    );
    const next = await send(sessionId, { prompt: 'echo b', createRunnerJob: false });
    assert.deepEqual([next.decision, next.run.id], ['turn', first.run.id]);
    await api.post(`/api/v1/runs/${first.run.id}/cancel`);
  });

  it('starts the runner that a send asked for once the run has lost one of somebody’s own', async () => {
    const sessionId = newSession();
    const first = await send(sessionId, { prompt: 'echo a', run: RUN, createRunnerJob: false });
    const runner = await ForeignRunner.claim(api, first.run.id, { leaseMs: 60_000 });
    await runner.ack(first.command.id);
    await runner.finishCommand(first.command.id);
    await endLease(manager.database, first.run.id);
    const second = await send(sessionId, { prompt: 'echo came after all' });
    assert.equal(second.run.id, first.run.id);
    await untilPrinted(api, second.command, 'came after all');
    await untilEnded(api, first.run.id);
  });

  it('leaves no run open for an interrupt that nobody was there for', async () => {
    const sessionId = newSession();
    const { run, command } = await send(sessionId, { prompt: 'echo a', run: RUN, createRunnerJob: false });
    const runner = await ForeignRunner.claim(api, run.id, { leaseMs: 60_000 });
    await runner.ack(command.id);
    await runner.finishCommand(command.id);
    await endLease(manager.database, run.id);
    await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ status }) => status === 'pending',
    );
    const interrupt = await api.post(`/api/v1/runs/${run.id}/commands`, { type: 'interrupt', payload: {} });
    assert.deepEqual([interrupt.state, interrupt.failureMessage], ['completed', 'no turn was running']);
    const { terminalStatus } = await untilEnded(api, run.id);
    assert.equal(terminalStatus, 'completed', 'by idling, as its last turn ended');
  });

  it('never touches the live run with a message for an earlier one', async () => {
    const sessionId = newSession();
    const first = await send(sessionId, { prompt: 'echo a', run: RUN, createRunnerJob: false });
    await api.post(`/api/v1/runs/${first.run.id}/cancel`);
    const second = await send(sessionId, { prompt: 'echo b', createRunnerJob: false });
    const late = await api.request('POST', `/api/v1/runs/${first.run.id}/commands`, { payload: { prompt: 'late' } });
    assert.equal(late.status, 409);
    await api.post(`/api/v1/runs/${first.run.id}/cancel`);
    const { items } = await api.get(`/api/v1/runs/${second.run.id}/commands`);
    assert.deepEqual(
      items.map(({ id, state }: Loose) => [id, state]),
      [[second.command.id, 'pending']],
    );
    await api.post(`/api/v1/runs/${second.run.id}/cancel`);
  });

  it('gets a run that waits without a Job the one that it describes, and answers it unless none was asked for', async () => {
    const sessionId = newSession();
    const run = await api.createRun({ ...RUN, sessionRef: { sessionId } });
    const quiet = await send(sessionId, { prompt: 'echo first', createRunnerJob: false });
    assert.deepEqual([quiet.run.id, quiet.runnerJob], [run.id, null]);
    const sent = await send(sessionId, { prompt: 'echo $WORD', runnerJob: { env: { WORD: 'second' } } });
    assert.deepEqual([sent.run.id, sent.runnerJob.runId, sent.runnerJob.commandId], [run.id, run.id, sent.command.id]);
    await untilPrinted(api, sent.command, 'second');
    const late = await send(sessionId, { prompt: 'echo third', createRunnerJob: false });
    assert.deepEqual([late.run.id, late.runnerJob], [run.id, null]);
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('refuses what it cannot do, naming the field, and writes nothing', async () => {
    const sessionId = newSession();
    const before = await counts();
    const cases: [Record<string, unknown>, number, string][] = [
      [{ run: RUN }, 400, 'prompt'],
      [{ prompt: '', run: RUN }, 400, 'prompt'],
      [{ payload: { text: 'x' }, run: RUN }, 400, 'payload.prompt'],
      [{ prompt: 'x' }, 400, 'run.tenantId'],
      [{ prompt: 'x', run: { tenantId: 'acme' } }, 400, 'run.projectId'],
      [{ prompt: 'x', run: { ...RUN, backendProfile: 'nobody' } }, 400, 'backendProfile'],
      [{ prompt: 'x', run: { ...RUN, sessionRef: { sessionId: 'another' } } }, 400, 'run.sessionRef.sessionId'],
      [{ prompt: 'x', run: RUN, createRunnerJob: 'yes' }, 400, 'createRunnerJob'],
      [{ prompt: 'x', run: { ...RUN, executionPolicy: { timeoutMs: 1 } } }, 400, 'run.executionPolicy.timeoutMs'],
    ];
    for (const [body, status, field] of cases) {
      const answer = await api.request('POST', `/api/v1/sessions/${sessionId}/send`, body);
      assert.deepEqual([answer.status, answer.body.error?.details?.field], [status, field], JSON.stringify(body));
    }
    const badId = await api.request('POST', '/api/v1/sessions/-bad/send', { prompt: 'x', run: RUN });
    assert.equal(badId.status, 404);
    assert.deepEqual(await counts(), before);
  });

  it('of many at once is taken where there is room, and told to come again where there is none', async () => {
    const sessionId = newSession();
    const first = await send(sessionId, { prompt: 'wait', run: RUN, createRunnerJob: false });
    await fill(first.run, sessionId, 994);
    const answers = await Promise.all(
      Array.from({ length: 10 }, async (_, n) =>
        api.settled('POST', `/api/v1/sessions/${sessionId}/send`, {
          prompt: `${n}`,
          createRunnerJob: false,
          idempotencyKey: `fill-${n}`,
        }),
      ),
    );
    const told = answers.map(({ status, body }) => [status, body.failureKind ?? null].join(' ')).sort();
    assert.deepEqual(told, [...Array<string>(5).fill('200 '), ...Array<string>(5).fill('429 rate-limited')]);
    const { items } = await api.get(`/api/v1/runs/${first.run.id}/commands?state=open&afterSeq=995&limit=20`);
    assert.deepEqual(
      new Set(items.map(({ id }: Loose) => id)),
      new Set(answers.flatMap(({ body }) => (body.ok ? [body.data.command.id] : []))),
    );
    await api.post(`/api/v1/runs/${first.run.id}/cancel`);
  });

  /** Has so many commands wait in the session's run. */
  async function fill(run: Loose, sessionId: string, count: number): Promise<void> {
    const link = connectTemporal(manager.temporal);
    try {
      const ids = Array.from({ length: count }, () => newId('cmd'));
      await manager.database.query(
        `INSERT INTO commands (id, session_id, type, payload) SELECT unnest($1::text[]), $2, 'turn', '{"prompt":"x"}'`,
        [ids, sessionId],
      );
      const gateway = createRunGateway(link.client);
      const address = { workflowId: `session:${sessionId}` };
      for (let from = 0; from < count; from += 200) {
        const sends = ids.slice(from, from + 200).map((commandId) => ({ commandId, fresh: true, runnerJob: false }));
        await gateway.sendToSession(address, runInput({ runId: run.id, sessionId }), { sends, leaseOver: null });
      }
    } finally {
      await link.close();
    }
  }
});
