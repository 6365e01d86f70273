import assert from 'node:assert/strict';
import { firstCommandId, runnerJobId, TASK_QUEUE } from '../../src/domain/ids.js';
import { newId } from '../../src/domain/new-id.js';
import type { RunInput } from '../../src/domain/run-messages.js';
import { DEFAULT_RUN_LIMITS, runPolicy } from '../../src/operations/runs/run-limits.js';
import { runnerJobRequest } from '../../src/operations/runs/runner-job-request.js';
import type { RunGateway } from '../../src/ports/run-gateway.js';
import type { Reservation } from '../../src/ports/reservation.js';
import type { OpeningDraft, RunDraft } from '../../src/ports/run-store.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { connectTemporal, type TemporalLink } from '../../src/temporal/connection.js';
import { createRunGateway } from '../../src/temporal/run-gateway.js';
import { Api } from '../support/api.js';
import { untilEnded } from '../support/live-runner.js';
import { runDraft } from '../support/runs.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('a run that is opened with its first turn', function () {
  this.timeout(90_000);
  let manager: TestManager;
  let api: Api;
  let postgres: Postgres;
  let link: TemporalLink;
  let gateway: RunGateway;

  before(async () => {
    manager = await startTestManager();
    api = new Api(manager.url, manager.operatorToken);
    postgres = openPostgres({ connectionString: manager.database.connectionString, queryTimeoutMs: 30_000 });
    link = connectTemporal(manager.temporal);
    gateway = createRunGateway(link.client);
  });
  after(async () => {
    await link.connection.close();
    await postgres.close();
    await manager.stop();
  });

  /** What an API process writes and says, step by step, so that it can die between two of them. */
  function request(): { draft: RunDraft; opening: OpeningDraft; input: RunInput; reservation: Reservation } {
    const draft = runDraft({ tenantId: 'acme' });
    const commandId = firstCommandId(draft.id);
    const runnerJob = runnerJobRequest(
      manager.platform,
      { runId: draft.id, attempt: 1 },
      { commandId, env: { A: 'hi' } },
    );
    return {
      draft,
      opening: { turn: { id: commandId, payload: { prompt: 'echo $A' } }, runnerJob },
      input: {
        runId: draft.id,
        tenantId: draft.tenantId,
        projectId: draft.projectId,
        sessionId: null,
        backendProfile: draft.backendProfile,
        policy: runPolicy(draft.executionPolicy, draft.retryPolicy, DEFAULT_RUN_LIMITS),
        endsWithTurn: true,
        opening: { turn: { commandId }, runnerJob: true },
      },
      reservation: { tenantId: 'acme', route: 'test', key: newId('trc'), bodyHash: 'x' },
    };
  }

  /** One turn, one Job, as it was asked for. */
  async function assertDone(runId: string): Promise<void> {
    const { status } = await untilEnded(api, runId);
    assert.equal(status, 'completed');
    const { items: commands } = await api.get(`/api/v1/runs/${runId}/commands`);
    assert.deepEqual(
      commands.map(({ id, seq, state }: Record<string, unknown>) => [id, seq, state]),
      [[firstCommandId(runId), 1, 'completed']],
    );
    const { items: jobs } = await api.get(`/api/v1/runs/${runId}/runner-jobs?commandId=${firstCommandId(runId)}`);
    assert.deepEqual(
      jobs.map(({ id }: Record<string, unknown>) => id),
      [runnerJobId(runId, 1)],
    );
    assert.equal((await api.get(`/api/v1/runs/${runId}/result`)).reply, 'hi\n');
  }

  it('has it from its first moment, and a runner on its way', async () => {
    const { draft, opening, input } = request();
    await postgres.runs.draftRun(draft, undefined, opening);
    assert.deepEqual(await gateway.openRun(draft, input), { opened: true });
    const { items } = await api.get(`/api/v1/runs/${draft.id}/commands`);
    assert.equal(items.length, 1, 'whoever opened it can read the turn');
    await assertDone(draft.id);
  });

  it('has it once, however often it is opened', async () => {
    const { draft, opening, input } = request();
    await postgres.runs.draftRun(draft, undefined, opening);
    await Promise.all([1, 2, 3].map(async () => gateway.openRun(draft, input)));
    await assertDone(draft.id);
    assert.deepEqual(await gateway.openRun(draft, input), { opened: true });
    await assertDone(draft.id);
  });

  it('is not there when its maker died before it was opened, and a repeat goes on with the same ids', async () => {
    const { draft, opening, input, reservation } = request();
    await postgres.runs.draftRun(draft, reservation, opening);
    for (const path of [`runs/${draft.id}`, `runs/${draft.id}/runner-jobs`, `runs/${draft.id}/commands`])
      assert.equal((await api.request('GET', `/api/v1/${path}`)).status, 404);
    const again = request();
    const found = await postgres.runs.draftRun(again.draft, reservation, again.opening);
    assert.deepEqual(found, { id: draft.id, opened: false });
    await gateway.openRun(draft, input);
    await assertDone(draft.id);
  });

  it('takes turn and Job away with it when it is refused', async () => {
    const { draft, opening } = request();
    await postgres.runs.draftRun(draft, undefined, opening);
    await postgres.runs.dropRunDraft(draft.id);
    assert.equal(await postgres.jobs.get(runnerJobId(draft.id, 1)), undefined);
    const left = await manager.database.query('SELECT id FROM commands WHERE run_id = $1', [draft.id]);
    assert.deepEqual(left, []);
  });

  it('does it also where its maker died before the workflow had answered anything', async () => {
    const { draft, opening, input } = request();
    await postgres.runs.draftRun(draft, undefined, opening);
    // A start without its update: what is left when the two come apart.
    await link.client.workflow.execute('runWorkflow', {
      workflowId: draft.workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
    });
    await assertDone(draft.id);
  });
});
