import assert from 'node:assert/strict';
import { Api, type Loose } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const OPERATORS = [{ name: 'globex', token: 'globex-operator-token-0123456789', tenants: ['globex'] }];

describe('a run of another tenant', () => {
  let manager: TestManager;
  let api: Api;
  let globex: Api;
  let run: Loose;
  let turn: Loose;
  let jobId: string;
  let runner: ForeignRunner;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_OPERATORS_JSON: JSON.stringify(OPERATORS) });
    api = new Api(manager.url, manager.operatorToken);
    globex = api.as(OPERATORS[0]!.token);
    run = await api.createRun({ sessionRef: { sessionId: 'acme-session' } });
    turn = await api.addTurn(run.id, 'anything');
    jobId = (await api.post(`/api/v1/runs/${run.id}/runner-jobs`)).id;
    runner = await ForeignRunner.claim(api, (await api.createRun()).id);
  });
  after(async () => manager.stop());

  /** Every route that names a thing of a run. */
  const requests = (): [method: string, path: string, body?: object][] => {
    const path = `/api/v1/runs/${run.id}`;
    return [
      ...['', '/result', '/explain', '/events', '/events/stream', '/commands', '/runner-jobs'].map(
        (part): [string, string] => ['GET', path + part],
      ),
      ['GET', `${path}/runner-jobs/${jobId}`],
      ['GET', `${path}/commands/${turn.id}`],
      ['GET', `${path}/commands/${turn.id}/result`],
      ['POST', `${path}/commands`, { payload: { prompt: 'mine' } }],
      ['POST', `${path}/commands`, { payload: { prompt: 'mine' }, idempotencyKey: 'guess' }],
      ['POST', `${path}/events`, {}],
      ['POST', `${path}/claim`, { runnerId: 'thief' }],
      ['PATCH', `${path}/lease`, { runnerId: 'thief' }],
      ['PATCH', `${path}/status`, { terminalStatus: 'completed' }],
      ['POST', `${path}/cancel`, {}],
      ['POST', `${path}/runner-jobs`, {}],
      ['POST', `/api/v1/commands/${turn.id}/ack`, {}],
      ['PATCH', `/api/v1/commands/${turn.id}/status`, { terminalStatus: 'completed' }],
      ['POST', `/api/v1/commands/${turn.id}/cancel`, {}],
      ['POST', '/api/v1/runners/register', { runId: run.id, runnerId: 'thief' }],
    ];
  };

  it('looks missing to an operator of one tenant, whatever is asked', async () => {
    for (const [method, path, body] of requests()) {
      const { status, body: answer } = await globex.request(method, path, body);
      assert.deepEqual([status, answer.failureKind], [404, 'schema-invalid'], `${method} ${path}`);
      assert.doesNotMatch(JSON.stringify(answer), /acme|shop/, 'nothing of it is told');
    }
    assert.deepEqual((await globex.get('/api/v1/runs')).items, []);
  });

  it('is forbidden or missing to a runner of another run, whatever is asked', async () => {
    for (const [method, path, body] of requests()) {
      const { status } = await runner.api.request(method, path, body);
      assert.ok(status === 403 || status === 404, `${method} ${path}: ${status}`);
    }
  });

  it('keeps its session to itself', async () => {
    const body = { tenantId: 'globex', projectId: 'p', backendProfile: 'exec', sessionRef: run.sessionRef };
    const { status, body: answer } = await globex.request('POST', '/api/v1/runs', body);
    assert.equal(status, 409);
    assert.equal(answer.error.details.activeRunId, undefined);
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(`acme(?!-session)|${run.id}`));
  });

  it('is as it was after all that', async () => {
    const { status, lastCommandSeq } = await api.get(`/api/v1/runs/${run.id}`);
    assert.ok(['pending', 'claimed', 'running'].includes(status));
    assert.equal(lastCommandSeq, 1);
  });
});
