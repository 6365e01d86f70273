import assert from 'node:assert/strict';
import { Api, eventually, type Loose } from '../support/api.js';
import { CODEX_FETCH_TIMEOUT_MS, codexForTests } from '../support/codex.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import { text } from '../support/mock-provider/answers.js';
import { httpError } from '../support/mock-provider/failures.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

const KEY = 'sk-planted-0123456789';
const WORK = '/api/v1/provider-profiles/work';

describe('validating a codex profile', () => {
  let provider: MockProvider;
  let manager: TestManager;
  let api: Api;

  before(async function () {
    this.timeout(CODEX_FETCH_TIMEOUT_MS);
    provider = await startMockProvider([]);
    manager = await startTestManager({ AGENTRUN_CODEX_PATH: await codexForTests() });
    api = new Api(manager.url, manager.operatorToken);
    const config = [
      'model = "mock-model"',
      'model_provider = "mock"',
      '[model_providers.mock]',
      'name = "Mock"',
      `base_url = "${provider.baseUrl}"`,
      'env_key = "MOCK_KEY"',
      'request_max_retries = 0',
    ].join('\n');
    await api.ok('PUT', `${WORK}/config`, { config });
  });
  after(async () => {
    await manager.stop();
    await provider.close();
  });

  async function validation(): Promise<Loose> {
    const { id } = await api.post(`${WORK}/validate`);
    return eventually(
      async () => api.get(`${WORK}/validations/${id}`),
      ({ state }) => state !== 'running',
      60_000,
    );
  }

  it('fails before there is a credential, and the profile said so before', async () => {
    const { ready, reason } = await api.get(WORK);
    assert.equal(ready, false);
    assert.match(reason, /^no credential is set: PUT/);
    const { state, failureKind, diagnosis } = await validation();
    assert.deepEqual([state, failureKind], ['failed', 'backend-unauthorized']);
    assert.match(diagnosis, /the profile work has no usable credential .*; set one for the profile work/);
    assert.equal(provider.requests.length, 0);
  }).timeout(90_000);

  it('succeeds when the provider answers, with what it answered and how long it took', async () => {
    await api.ok('PUT', `${WORK}/credential`, { apiKey: KEY });
    assert.equal((await api.get(WORK)).ready, true);
    const { items } = await api.get('/api/v1/backends');
    assert.equal(items.find(({ name }: Loose) => name === 'work').ready, true);
    provider.script([text('ready')]);
    const done = await validation();
    assert.deepEqual([done.state, done.failureKind, done.reply], ['succeeded', null, 'ready'], JSON.stringify(done));
    assert.ok(done.turnMs > 0 && done.latencyMs >= done.turnMs, JSON.stringify(done));
    assert.equal(provider.requests.at(-1)?.headers.authorization, `Bearer ${KEY}`);
  }).timeout(90_000);

  it('fails when the provider refuses the key, and repeats nothing of it', async () => {
    provider.script(() => httpError(401, { message: `no such key: ${KEY}` }));
    const failed = await validation();
    assert.deepEqual([failed.state, failed.failureKind], ['failed', 'provider-auth-failed']);
    assert.match(
      failed.diagnosis,
      /refused the credential of the profile work \(HTTP 401: no such key: \*\*\*\); set a valid credential/,
    );
    const { runId } = failed;
    const said = [failed, await api.get(`/api/v1/runs/${runId}/result`), await api.events(runId)];
    assert.doesNotMatch(JSON.stringify(said), /planted/);
  }).timeout(90_000);

  it('is as ready as the new credential, for the next runner', async () => {
    await api.ok('PUT', `${WORK}/credential`, { authJson: { OPENAI_API_KEY: `${KEY}-other` } });
    provider.script([text('ready')]);
    assert.equal((await validation()).state, 'succeeded');
    assert.equal(provider.requests.at(-1)?.headers.authorization, `Bearer ${KEY}-other`);
  }).timeout(90_000);
});
