import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { createRestorableDatabase, type RestorableDatabase } from '../support/restorable-database.js';
import { createTestNamespace } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const EXEC = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
const TASKS = '/api/v1/queue/tasks';
const STRANDED_MS = 60_000;

/** As docs/operating.md tells it. */
describe('a database restored to an hour ago beside a Temporal that went on', function () {
  this.timeout(180_000);
  let database: RestorableDatabase;
  let manager: TestManager;
  let temporal: TemporalLink;
  let api: Api;
  const ids: Partial<Record<'waiting' | 'working' | 'unclaimed' | 'fresh', string>> = {};

  const settings: Record<string, string> = {
    AGENTRUN_RUNNER_LEASE_MS: '3000',
    AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '120000',
  };

  async function start(parts: Parameters<typeof startTestManager>[1]): Promise<void> {
    manager = await startTestManager(settings, { ...parts, database });
    api = new Api(manager.url, manager.operatorToken);
    settings['AGENTRUN_PORT'] = new URL(manager.url).port;
  }

  async function whileStopped(work: () => Promise<void>): Promise<void> {
    const { dataDir, keys, temporal: server } = manager;
    await manager.leave();
    await work();
    await start({ dataDir, keys, temporal: server });
  }

  const send = async (sessionId: string, prompt: string) =>
    api.post(`/api/v1/sessions/${sessionId}/send`, { prompt, run: EXEC });
  const task = async (prompt: string, dispatch: boolean) =>
    (
      await api.post(TASKS, {
        ...EXEC,
        prompt,
        autoDispatch: dispatch,
        retryPolicy: { maxAttempts: 1, backoffMs: 100, maxBackoffMs: 100 },
      })
    ).id as string;
  const read = async (path: string) => (await api.request('GET', path)).body.data;
  const until = (path: string, is: (data: Loose) => boolean) => eventually(async () => read(path), is, STRANDED_MS);
  const ended = ({ executionState }: Loose) => ['idle', 'terminal'].includes(executionState as string);

  async function openWorkflows(): Promise<string[]> {
    const open: string[] = [];
    for await (const { workflowId } of temporal.client.workflow.list({ query: `ExecutionStatus='Running'` }))
      open.push(workflowId);
    return open;
  }

  before(async () => {
    database = await createRestorableDatabase();
    await start({ temporal: await createTestNamespace() });
    temporal = connectTemporal(manager.temporal);

    await send('talk', 'echo one > said.txt');
    await until('/api/v1/sessions/talk', ended);
    ids.waiting = await task('echo waited', false);
    ids.working = await task('sleep 600', true);
    await until(`${TASKS}/${ids.working}`, ({ latestAttempt }) => latestAttempt?.state === 'acknowledged');
    ids.unclaimed = (await api.createRun()).id;
    await api.addTurn(ids.unclaimed!, 'true');
    await whileStopped(() => database.backUp());

    // What only Temporal will know.
    await send('talk', 'echo two >> said.txt');
    await until('/api/v1/sessions/talk', ended);
    await send('fresh', 'sleep 600');
    ids.fresh = await task('sleep 600', true);
    await api.post(`${TASKS}/${ids.waiting}/cancel`);
    await until(`${TASKS}/${ids.fresh}`, ({ latestAttempt }) => latestAttempt?.state === 'acknowledged');
    await whileStopped(async () => {
      await database.restore();
      for await (const { workflowId } of temporal.client.workflow.list({ query: `ExecutionStatus='Running'` }))
        await temporal.client.workflow.getHandle(workflowId).terminate('the database was restored');
    });
  });
  after(async () => {
    await temporal.close();
    await manager.stop();
  });

  const runOf = (session: Loose) => session.lastRunId as string;
  const failedByIt = ({ status, failureKind, failureMessage }: Loose) => {
    assert.deepEqual([status, failureKind], ['failed', 'infra-failed']);
    assert.match(failureMessage, /gone from Temporal/);
  };

  it('knows nothing of what came since, and lets no runner of it go on', async () => {
    assert.equal((await api.request('GET', '/api/v1/sessions/fresh')).status, 404);
    assert.equal((await api.request('GET', `${TASKS}/${ids.fresh}`)).status, 404);
    const known = new Set([
      runOf(await read('/api/v1/sessions/talk')),
      (await read(`${TASKS}/${ids.working}`)).latestAttempt.runId,
    ]);
    await eventually(
      async () => manager.platform.list(),
      (jobs) => jobs.every(({ runId, status }) => known.has(runId) || status !== 'running'),
    );
  });

  it('ends with the next maintenance what was open then, with the runners that went on with it', async () => {
    const before = await read('/api/v1/sessions/talk');
    await temporal.client.schedule.getHandle('maintenance').trigger();
    failedByIt(await until(`/api/v1/runs/${runOf(before)}`, ({ terminalStatus }) => terminalStatus !== null));
    failedByIt(await until(`/api/v1/runs/${ids.unclaimed}`, ({ terminalStatus }) => terminalStatus !== null));
    const working = await until(`${TASKS}/${ids.working}`, ({ phase }) => phase === 'ended');
    assert.deepEqual([working.state, working.failureKind], ['failed', 'infra-failed']);
    await eventually(
      async () => manager.platform.list(),
      (jobs) => jobs.every(({ status }) => status !== 'running'),
    );
  });

  it('goes on with sessions in their volumes, where what came since still stands, and with tasks that are dispatched', async () => {
    const { run } = await send('talk', 'echo three >> said.txt; cat said.txt');
    await until('/api/v1/sessions/talk', ended);
    assert.equal((await read(`/api/v1/runs/${run.id}/result`)).reply, 'one\ntwo\nthree\n');
    // It had been cancelled, which nobody remembers.
    await api.post(`${TASKS}/${ids.waiting}/dispatch`);
    assert.equal((await until(`${TASKS}/${ids.waiting}`, ({ phase }) => phase === 'ended')).state, 'completed');
    await api.post(`${TASKS}/${ids.working}/dispatch`);
    await until(`${TASKS}/${ids.working}`, ({ latestAttempt }) => latestAttempt?.state === 'acknowledged');
    await api.post(`${TASKS}/${ids.working}/cancel`);
  });

  it('leaves nothing open in Temporal that has no record', async () => {
    const isKnown = (id: string) => /^(watch:|queue:default$|session:talk$|run:)/.test(id);
    const open = await eventually(openWorkflows, (found) => found.every(isKnown));
    for (const id of open.filter((workflowId) => workflowId.startsWith('run:')))
      assert.equal((await api.request('GET', `/api/v1/runs/${id.slice('run:'.length)}`)).status, 200, id);
  });
});
