import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTemporal } from '../../src/temporal/connection.js';
import type { TemporalDevServer } from '../../temporal-dev/dev-server.js';
import { Api, eventually, type Loose } from '../support/api.js';
import { runnerOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { startTemporalServer } from '../support/temporal-server.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const BACKOFF_MS = 1_500;
const SECRET = 'prompt-that-nobody-else-reads';
const PROMPT = `echo begun; if [ -e mark ]; then read x; echo "got $x"; else touch mark; sleep 300; fi # ${SECRET}`;

describe('why a run is where it is', () => {
  let folder: string;
  let temporal: TemporalDevServer;
  let manager: TestManager;
  let api: Api;
  let survivor: Loose;

  before(async function () {
    this.timeout(90_000);
    folder = await mkdtemp(join(tmpdir(), 'agentrun-explain-'));
    temporal = await startTemporalServer(folder);
    const settings = { AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '300' };
    manager = await startTestManager(settings, { temporal: { address: temporal.address, namespace: 'default' } });
    api = new Api(manager.url, manager.operatorToken);
  });
  after(async function () {
    this.timeout(60_000);
    await manager.stop();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const explain = async (runId: string) => api.get(`/api/v1/runs/${runId}/explain`);
  const texts = ({ timeline }: Loose): string[] => timeline.map(({ text }: Loose) => text);

  /** Each of them is told, one after another. */
  function assertInOrder(told: readonly string[], patterns: readonly RegExp[]): void {
    let from = 0;
    for (const pattern of patterns) {
      const at = told.findIndex((text, index) => index >= from && pattern.test(text));
      assert.ok(at >= 0, `${pattern} is not told after line ${from}:\n${told.join('\n')}`);
      from = at + 1;
    }
  }

  it('tells a life with a killed runner, a second attempt and a steer as one timeline, without a word of the prompt', async () => {
    const run = await api.createRun({ retryPolicy: { maxAttempts: 2, backoffMs: BACKOFF_MS } });
    const turn = await api.addTurn(run.id, PROMPT);
    const { jobName } = await api.post(`/api/v1/runs/${run.id}/runner-jobs`);
    await untilPrinted(api, turn, 'begun');
    process.kill(runnerOfJob(jobName).runner.pid, 'SIGKILL');
    await eventually(
      async () => api.get(`/api/v1/runs/${run.id}`),
      ({ attempt, status }) => attempt === 2 && status === 'running',
    );
    await api.post(`/api/v1/runs/${run.id}/commands`, { type: 'steer', payload: { prompt: `${SECRET}\n` } });
    survivor = await untilEnded(api, run.id);
    const told = await eventually(
      async () => explain(run.id),
      (answer) => texts(answer).some((text) => /stopped the runner Job/.test(text)),
    );
    assertInOrder(texts(told), [
      /^The run was created for acme\/shop, on exec/,
      /^Turn 1 was asked for/,
      /^The platform took the runner Job, in /,
      /^Runner rnr_\w+a1 claimed the run/,
      /^The agent began the turn/,
      /^The platform told that the runner ended \(killed, exit code 137\)/,
      /^The runner of attempt 1 ended before its run did.* Another attempt follows/,
      /^The backoff of .* is over/,
      /^Runner rnr_\w+a2 claimed the run/,
      /^Steer 2 was asked for/,
      /^A steer was delivered into the live turn/,
      /^Turn 1 completed/,
      /^The run ended completed/,
    ]);
    assert.deepEqual(told.sources, { history: 'read', events: 'read', note: null });
    assert.match(told.diagnosis, /^The run completed/);
    assert.deepEqual(
      told.timeline.map(({ at }: Loose) => at),
      told.timeline.map(({ at }: Loose) => at).toSorted(),
    );
    assert.ok(!JSON.stringify(told).includes(SECRET));
  }).timeout(60_000);

  it('tells what the workflow of a live run waits for, and what to do', async () => {
    const run = await api.createRun();
    // Once no more is said to it.
    const told = await eventually(
      async () => explain(run.id),
      (now) => / its next look is “unclaimed”, due in /.test(texts(now).at(-1) ?? ''),
    );
    assert.equal(told.phase, 'waiting-for-runner');
    assert.deepEqual(told.next[0].action, 'start-runner');
    await api.post(`/api/v1/runs/${run.id}/cancel`);
  }).timeout(30_000);

  it('tells a session by its runs, the last one in full', async () => {
    const run = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    await api.post('/api/v1/sessions', { sessionId: 'told', ...run });
    const empty = await api.get('/api/v1/sessions/told/explain');
    assert.match(empty.diagnosis, /Nothing was sent/);
    const first = await api.post('/api/v1/sessions/told/send', { prompt: 'echo one', run });
    await untilEnded(api, first.run.id);
    const second = await eventually(
      async () => api.post('/api/v1/sessions/told/send', { prompt: 'exit 3' }),
      ({ run: { id } }) => id !== first.run.id,
    );
    await untilEnded(api, second.run.id);
    const told = await api.get('/api/v1/sessions/told/explain');
    assert.equal(told.runId, second.run.id);
    assertInOrder(texts(told), [
      /^The session was made for acme\/shop, on exec/,
      new RegExp(`^Run ${first.run.id} ended completed`),
      /^The run was created/,
      /^Turn 1 failed with backend-failed/,
    ]);
    assert.match(told.diagnosis, /^No run of the session lives\. The run failed/);
    // The workflow id is the second run's by now.
    const earlier = await eventually(
      async () => explain(first.run.id),
      ({ sources }) => sources.history === 'read',
    );
    assertInOrder(texts(earlier), [/^The platform took the runner Job/, /^The run ended completed/]);
  }).timeout(60_000);

  it('tells it from PostgreSQL alone, and says so, when Temporal has forgotten the run', async () => {
    const link = connectTemporal({ address: temporal.address, namespace: 'default' });
    const { workflowService } = link.client;
    const workflowExecution = { workflowId: survivor.workflowId };
    await workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
    // The server deletes in its own time: not before what it still had to do for the workflow's end is done, which it looks at each half minute.
    const told = await eventually(
      async () => explain(survivor.id),
      ({ sources }) => sources.history === 'gone',
      100_000,
    );
    await link.close();
    assert.match(told.sources.note, /PostgreSQL alone/);
    assertInOrder(texts(told), [/a1 claimed/, /Another attempt follows/, /a2 claimed/, /^The run ended completed/]);
  }).timeout(120_000);

  it('answers soon, from PostgreSQL alone, while Temporal hangs', async () => {
    process.kill(temporal.pid, 'SIGSTOP');
    try {
      const startedAtMs = performance.now();
      const told = await explain(survivor.id);
      assert.ok(performance.now() - startedAtMs < 12_000, `${performance.now() - startedAtMs} ms`);
      assert.equal(told.sources.history, 'unavailable');
      assert.match(told.diagnosis, /^The run completed/);
    } finally {
      process.kill(temporal.pid, 'SIGCONT');
    }
  }).timeout(30_000);
});
