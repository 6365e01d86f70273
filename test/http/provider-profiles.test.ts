import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { eventually, type Loose } from '../support/api.js';
import { startMockProvider, type MockProvider } from '../support/mock-provider.js';
import { httpError } from '../support/mock-provider/failures.js';
import { ACME_TOKEN, refused, succeeded, useManager } from './api.js';

const PROFILES = '/api/v1/provider-profiles';
const configOf = (baseUrl: string) => `# what we use
model_provider = "local"

[model_providers.local]
name = "Local"
base_url = "${baseUrl}"
env_key = "LOCAL_API_KEY"
http_headers = { "X-Team" = "planted-header" } # secret
request_max_retries = 0
`;
const CONFIG = configOf('http://127.0.0.1:9/v1');
const KEY = 'sk-planted-0123456789';

const newName = () => `p-${randomUUID().slice(0, 8)}`;

describe('a provider profile', function () {
  const manager = useManager();
  const get = async (path: string) => succeeded(await manager.api.get(`${PROFILES}/${path}`));
  const put = async (path: string, body: unknown) => manager.api.request('PUT', `${PROFILES}/${path}`, body);

  it('is answered before it is set, as not configured', async () => {
    const name = newName();
    const profile = await get(name);
    assert.deepEqual([profile.profile, profile.kind, profile.configured, profile.ready], [name, 'codex', false, false]);
    assert.match(profile.reason, /PUT \/api\/v1\/provider-profiles/);
    assert.deepEqual([profile.config.configured, profile.credential.configured], [false, false]);
    const config = await get(`${name}/config`);
    assert.deepEqual([config.configured, config.config, config.sha256], [false, null, null]);
    const { items } = succeeded(await manager.api.get(PROFILES));
    assert.equal(
      items.some((item: Loose) => item.profile === name),
      false,
    );
    assert.equal(items.find((item: Loose) => item.profile === 'codex').valuesPrinted, false);
  });

  it('keeps a configuration and a credential, and shows neither secret', async () => {
    const name = newName();
    const set = succeeded(await put(`${name}/config`, { config: CONFIG }));
    assert.equal(set.config, CONFIG.replace('"planted-header"', '"[redacted]"'));
    assert.deepEqual(await get(`${name}/config`), set);
    const credential = succeeded(await put(`${name}/credential`, { apiKey: KEY }));
    assert.deepEqual([credential.type, credential.configured, credential.valuesPrinted], ['api-key', true, false]);
    const profile = await get(name);
    assert.deepEqual(
      [profile.configured, profile.config.sha256, profile.credential.fingerprint, profile.credential.updatedAt],
      [true, set.sha256, credential.fingerprint, credential.updatedAt],
    );
    const { items } = succeeded(await manager.api.get(PROFILES));
    assert.deepEqual(
      items.find((item: Loose) => item.profile === name),
      profile,
    );
    assert.doesNotMatch(JSON.stringify([set, credential, profile, items]), /planted/);
    assert.deepEqual(succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`)).removed, [
      'config',
      'credential',
    ]);
  });

  it('has one credential: the new one replaces the old, of whichever type', async () => {
    const name = newName();
    const first = succeeded(await put(`${name}/credential`, { apiKey: KEY }));
    const authJson = { OPENAI_API_KEY: null, tokens: { access_token: 'planted-token' } };
    const second = succeeded(await put(`${name}/credential`, { authJson }));
    assert.equal(second.type, 'auth-json');
    assert.notEqual(second.fingerprint, first.fingerprint);
    assert.equal((await get(name)).credential.type, 'auth-json');
    const third = succeeded(await put(`${name}/credential`, { apiKey: KEY }));
    assert.equal(third.fingerprint, first.fingerprint);
    assert.deepEqual(succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`)).removed, ['credential']);
  });

  it('is not changed by what is refused, which is told by field and place alone', async () => {
    const name = newName();
    const before = succeeded(await put(`${name}/config`, { config: CONFIG }));
    const broken = refused(await put(`${name}/config`, { config: 'a = 1\nb = "planted' }), 400, 'schema-invalid');
    assert.deepEqual([broken.field, broken.line, broken.column], ['config', 2, 5]);
    const elsewhere = await put(`${name}/config`, { config: 'model_provider = "planted"' });
    assert.equal(refused(elsewhere, 400, 'schema-invalid').path, 'model_provider');
    const ofKind = await put(`${name}/config`, { config: CONFIG, kind: 'exec' });
    assert.equal(refused(ofKind, 400, 'schema-invalid').field, 'kind');
    const noKey = await put(`${name}/credential`, { apiKey: 'planted is no key' });
    assert.equal(refused(noKey, 400, 'schema-invalid').field, 'apiKey');
    refused(await put(`${name}/credential`, {}), 400, 'schema-invalid');
    const redacted = await put(`${name}/config`, { config: before.config });
    assert.match(redacted.body.message, /stands for a value that was hidden/);
    refused(redacted, 400, 'schema-invalid');
    assert.doesNotMatch(JSON.stringify([elsewhere.body, noKey.body, redacted.body]), /planted/);
    assert.deepEqual(await get(`${name}/config`), before);
    assert.equal((await get(name)).credential.configured, false);
    succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`));
  });

  it('is refused a name that no profile can have', async () => {
    for (const name of ['exec', '-x', '-named', 'x'.repeat(64), 'a%2Fb', 'a%20b', '..%2Fetc']) {
      for (const body of [{ config: '' }, { config: 'command = ["agent"]', kind: 'acp' }])
        assert.equal(refused(await put(`${name}/config`, body), 400, 'schema-invalid').field, 'profile', name);
      refused(await manager.api.get(`${PROFILES}/${name}`), 400, 'schema-invalid');
    }
    const { items } = succeeded(await manager.api.get('/api/v1/backends'));
    assert.ok(
      items.every(({ name }: Loose) => !name.startsWith('-')),
      'nothing was written',
    );
  });

  it('can be named by a run, and listed as a backend, from when it is set until it is removed', async () => {
    const name = newName();
    const body = { tenantId: 'acme', projectId: 'site', backendProfile: name };
    assert.equal(refused(await manager.api.post('/api/v1/runs', body), 400, 'schema-invalid').field, 'backendProfile');
    succeeded(await put(`${name}/config`, { config: CONFIG }));
    const { items } = succeeded(await manager.api.get('/api/v1/backends'));
    assert.deepEqual(
      items.slice(0, 2).map((item: Loose) => item.name),
      ['exec', 'codex'],
    );
    const backend = items.find((item: Loose) => item.name === name);
    assert.deepEqual([backend.kind, backend.protocol, backend.ready], ['codex', 'codex-app-server', false]);
    const run = await manager.api.createRun({ backendProfile: name });
    const { run: claimed } = await manager.api.claim(run.id);
    assert.deepEqual([claimed.backendProfile, claimed.backendKind], [name, 'codex']);
    const { body: health } = await manager.api.get('/health');
    assert.deepEqual(
      Object.keys(health.data.runnerWorkReady.backends),
      ['exec', 'codex'],
      'no name of a profile without a token',
    );
    succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`));
    assert.deepEqual(succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`)).removed, []);
    assert.equal(succeeded(await manager.api.get(`/api/v1/runs/${run.id}`)).status, 'claimed', 'a live run goes on');
    refused(await manager.api.post('/api/v1/runs', body), 400, 'schema-invalid');
    succeeded(await manager.api.post(`/api/v1/runs/${run.id}/cancel`));
  });

  it('that is removed fails the runs that still wait for a runner, and they say so', async () => {
    const name = newName();
    succeeded(await put(`${name}/config`, { config: CONFIG }));
    const run = await manager.api.createRun({ backendProfile: name, retryPolicy: { maxAttempts: 1 } });
    succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`));
    succeeded(await manager.api.post(`/api/v1/runs/${run.id}/runner-jobs`));
    const { failureKind, failureMessage } = await eventually(
      async () => succeeded(await manager.api.get(`/api/v1/runs/${run.id}`)),
      ({ terminalStatus }) => terminalStatus !== null,
    );
    assert.equal(failureKind, 'runner-start-failed');
    assert.match(failureMessage, /the backend profile p-\w+ is gone/);
  });

  it('is read by every operator, and changed by those of the whole installation alone', async () => {
    const name = newName();
    succeeded(await put(`${name}/config`, { config: CONFIG }));
    const acme = manager.api.as(ACME_TOKEN);
    assert.equal(succeeded(await acme.get(`${PROFILES}/${name}`)).configured, true);
    assert.doesNotMatch(succeeded(await acme.get(`${PROFILES}/${name}/config`)).config, /planted/);
    succeeded(await acme.get(PROFILES));
    const changes: [string, string, unknown][] = [
      ['PUT', `${name}/config`, { config: '' }],
      ['PUT', `${name}/credential`, { apiKey: KEY }],
      ['POST', `${name}/validate`, {}],
      ['DELETE', name, undefined],
    ];
    const { runner } = await manager.api.claim((await manager.api.createRun()).id);
    for (const [method, path, body] of changes) {
      refused(await acme.request(method, `${PROFILES}/${path}`, body), 403, 'forbidden');
      refused(await runner.request(method, `${PROFILES}/${path}`, body), 403, 'forbidden');
      refused(await manager.api.as(undefined).request(method, `${PROFILES}/${path}`, body), 401, 'auth-required');
    }
    for (const path of ['', `/${name}`, `/${name}/config`])
      refused(await runner.get(PROFILES + path), 403, 'forbidden');
    assert.equal((await get(`${name}/config`)).config.includes('model_provider'), true);
    succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`));
  });
});

describe('validating a provider profile', function () {
  const manager = useManager();
  const validation = async (name: string, id: string) =>
    succeeded(await manager.api.get(`${PROFILES}/${name}/validations/${id}`));
  const ended = async (name: string, id: string) =>
    eventually(
      async () => validation(name, id),
      ({ state }) => state !== 'running',
    );

  /** On a machine with codex it is refused by its provider, on another one its runner cannot start; both fail. */
  let provider: MockProvider;
  before(async () => {
    provider = await startMockProvider(() => httpError(401));
  });
  after(() => provider.close());
  const refusedProfile = async () => {
    const name = newName();
    const config = configOf(provider.baseUrl);
    succeeded(await manager.api.request('PUT', `${PROFILES}/${name}/config`, { config }));
    succeeded(await manager.api.request('PUT', `${PROFILES}/${name}/credential`, { apiKey: KEY }));
    return name;
  };

  it('runs one real turn, and says what failed and what to do', async () => {
    const name = await refusedProfile();
    const started = succeeded(await manager.api.post(`${PROFILES}/${name}/validate`));
    assert.deepEqual([started.profile, started.state, started.latencyMs], [name, 'running', null]);
    assert.match(started.id, /^val_/);
    const run = succeeded(await manager.api.get(`/api/v1/runs/${started.runId}`));
    assert.deepEqual([run.tenantId, run.projectId, run.backendProfile], ['agentrun', 'validations', name]);
    assert.deepEqual([run.executionPolicy.sandbox, run.retryPolicy.maxAttempts], ['read-only', 1]);
    const failed = await ended(name, started.id);
    assert.equal(failed.state, 'failed');
    assert.notEqual(failed.failureKind, null);
    assert.ok(failed.failureMessage.length > 10, failed.failureMessage);
    assert.match(failed.diagnosis, /^The (run|turn) /);
    assert.ok(failed.latencyMs >= 0);
    assert.equal(failed.valuesPrinted, false);
    assert.deepEqual([failed.id, failed.runId, failed.commandId], [started.id, started.runId, started.commandId]);
    succeeded(await manager.api.request('DELETE', `${PROFILES}/${name}`));
    assert.deepEqual(await validation(name, started.id), failed, 'also when the profile is gone');
  }).timeout(60_000);

  it('starts one for many requests with one key', async () => {
    const name = await refusedProfile();
    const body = { idempotencyKey: randomUUID(), tenantId: 'acme', projectId: 'site' };
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => manager.api.post(`${PROFILES}/${name}/validate`, body)),
    );
    const [first, ...others] = answers.map(succeeded);
    for (const other of others) assert.deepEqual([other.id, other.commandId], [first.id, first.commandId]);
    const { items } = succeeded(await manager.api.get(`/api/v1/runs/${first.runId}/commands`));
    assert.equal(items.length, 1);
    assert.equal(succeeded(await manager.api.get(`/api/v1/runs/${first.runId}/runner-jobs`)).count, 1);
    const other = await manager.api.post(`${PROFILES}/${name}/validate`, { ...body, projectId: 'other' });
    refused(other, 409, 'idempotency-conflict');
    const acme = manager.api.as(ACME_TOKEN);
    succeeded(await acme.get(`${PROFILES}/${name}/validations/${first.id}`));
    await ended(name, first.id);
  }).timeout(60_000);

  it('finds no validation that is none, or is not for this caller', async () => {
    const name = await refusedProfile();
    const run = await manager.api.createRun();
    const ofRun = run.id.replace('run_', 'val_');
    for (const id of [ofRun, 'val_0123456789', 'nonsense'])
      refused(await manager.api.get(`${PROFILES}/${name}/validations/${id}`), 404, 'schema-invalid');
    const started = succeeded(await manager.api.post(`${PROFILES}/${name}/validate`, { tenantId: 'beta' }));
    refused(await manager.api.get(`${PROFILES}/other/validations/${started.id}`), 404, 'schema-invalid');
    refused(
      await manager.api.as(ACME_TOKEN).get(`${PROFILES}/${name}/validations/${started.id}`),
      404,
      'schema-invalid',
    );
    refused(await manager.api.post(`${PROFILES}/${newName()}/validate`), 404, 'schema-invalid');
    await ended(name, started.id);
  }).timeout(60_000);
});
