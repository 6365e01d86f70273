import assert from 'node:assert/strict';
import { HttpClient } from '../../src/client/http-client.js';
import { Api, eventually } from '../support/api.js';
import { ForeignRunner } from '../support/foreign-runner.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const ACME = { name: 'acme', token: 'acme-operator-token-0123456789', tenants: ['acme'] };
const GLOBEX = { name: 'globex', token: 'globex-operator-token-0123456789', tenants: ['globex'] };

describe('rate limits', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let operator: Api;

  before(async () => {
    manager = await startTestManager({
      AGENTRUN_OPERATORS_JSON: JSON.stringify([ACME, GLOBEX]),
      AGENTRUN_RATE_LIMIT_PER_SECOND: '2',
      AGENTRUN_BAD_TOKENS_PER_SECOND: '1',
    });
    operator = new Api(manager.url, manager.operatorToken);
  });
  after(async () => manager.stop());

  /** Asks at once, and answers how many were told what. */
  async function flood(api: Api, times: number): Promise<Record<number, number>> {
    const answers = await Promise.all(
      Array.from({ length: times }, async () => api.request('GET', '/api/v1/runs?limit=1')),
    );
    return answers.reduce<Record<number, number>>(
      (told, { status }) => ({ ...told, [status]: (told[status] ?? 0) + 1 }),
      {},
    );
  }

  it("refuse what one tenant's operator asks too often, say when to come back, and let everybody else in", async () => {
    const acme = operator.as(ACME.token);
    const told = await flood(acme, 60);
    assert.ok((told[200] ?? 0) >= 20 && (told[429] ?? 0) >= 10, JSON.stringify(told));
    // At once: a token comes back each half second, and one of them may be let in by it.
    const asked = { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec' };
    const answers = await Promise.all(
      Array.from({ length: 30 }, async () => acme.request('POST', '/api/v1/runs', asked)),
    );
    const refusal = answers.find(({ status }) => status === 429);
    assert.ok(refusal, JSON.stringify(answers.map(({ status }) => status)));
    assert.equal(refusal.body.failureKind, 'rate-limited');
    assert.ok(refusal.body.error.details.retryAfterMs > 0);
    assert.equal(refusal.headers.get('retry-after'), '1');
    const written = answers.filter(({ status }) => status < 300).length;
    assert.equal((await operator.get('/api/v1/runs?limit=100')).items.length, written, 'nothing was written by others');
    assert.equal((await operator.as(GLOBEX.token).request('GET', '/api/v1/runs')).status, 200);
    assert.equal((await operator.request('GET', '/health/live')).status, 200);
  });

  it('are waited for by the client, without a word to who uses it', async () => {
    await flood(operator.as(ACME.token), 60);
    const client = new HttpClient({ baseUrl: manager.url, token: ACME.token });
    assert.deepEqual(await client.get('/api/v1/runs?sessionId=nobodys'), { items: [] });
  });

  it('concern neither operators of all tenants nor runners', async () => {
    assert.deepEqual(await flood(operator, 100), { 200: 100 });
    const run = await operator.createRun();
    const { api: runner, runnerId } = await ForeignRunner.claim(operator, run.id);
    const beats = await Promise.all(
      Array.from({ length: 100 }, async () => runner.request('PATCH', `/api/v1/runs/${run.id}/lease`, { runnerId })),
    );
    assert.ok(beats.every(({ status }) => status === 200));
  });

  it('stop an address from trying tokens, and nobody there who has a good one', async () => {
    const told = await flood(operator.as('no-token-of-ours'), 30);
    assert.ok((told[401] ?? 0) >= 10 && (told[429] ?? 0) >= 10, JSON.stringify(told));
    assert.equal((await operator.request('GET', '/api/v1/runs')).status, 200);
    assert.equal((await operator.as(undefined).request('GET', '/health')).status, 200);
  });
});

describe('open requests', function () {
  this.timeout(120_000);
  let manager: TestManager;
  let operator: Api;
  let runId: string;
  const held = new AbortController();

  before(async () => {
    const operators = JSON.stringify([ACME, GLOBEX]);
    manager = await startTestManager({ AGENTRUN_OPERATORS_JSON: operators, AGENTRUN_OPEN_REQUESTS_PER_OPERATOR: '2' });
    operator = new Api(manager.url, manager.operatorToken);
    runId = (await operator.createRun()).id;
  });
  after(async () => {
    held.abort();
    await manager.stop();
  });

  const stream = async (token: string, { signal } = held) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${manager.url}/api/v1/runs/${runId}/events/stream`, { headers, signal });
    return response.status;
  };

  it("of one tenant's operator are so many and no more, until one ends; others are let in", async () => {
    const first = new AbortController();
    assert.deepEqual([await stream(ACME.token, first), await stream(ACME.token)], [200, 200]);
    assert.equal(await stream(ACME.token), 429);
    const refusal = await operator.as(ACME.token).request('GET', '/api/v1/runs');
    assert.deepEqual([refusal.status, refusal.body.failureKind], [429, 'rate-limited']);
    assert.equal((await operator.as(GLOBEX.token).request('GET', '/api/v1/runs')).status, 200);
    const ofAll = await Promise.all([1, 2, 3].map(async () => stream(manager.operatorToken)));
    assert.deepEqual(ofAll, [200, 200, 200]);
    first.abort();
    const again = await eventually(
      async () => operator.as(ACME.token).request('GET', '/api/v1/runs'),
      ({ status }) => status === 200,
    );
    assert.equal(again.status, 200);
  });
});
