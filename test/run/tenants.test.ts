import assert from 'node:assert/strict';
import { Api, type Loose } from '../support/api.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const OPERATORS = [{ name: 'globex', token: 'globex-operator-token-0123456789', tenants: ['globex'] }];

describe('a run of another tenant', () => {
  let manager: TestManager;
  let api: Api;
  let globex: Api;
  let run: Loose;

  before(async function () {
    this.timeout(90_000);
    manager = await startTestManager({ AGENTRUN_OPERATORS_JSON: JSON.stringify(OPERATORS) });
    api = new Api(manager.url, manager.operatorToken);
    globex = api.as(OPERATORS[0]!.token);
    run = await api.createRun({ sessionRef: { sessionId: 'acme-session' } });
  });
  after(async () => manager.stop());

  it('keeps its session to itself', async () => {
    const body = { tenantId: 'globex', projectId: 'p', backendProfile: 'exec', sessionRef: run.sessionRef };
    const { status, body: answer } = await globex.request('POST', '/api/v1/runs', body);
    assert.equal(status, 409);
    assert.equal(answer.error.details.activeRunId, undefined);
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(`acme(?!-session)|${run.id}`));
  });
});
