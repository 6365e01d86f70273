import assert from 'node:assert/strict';
import { Api, eventually } from '../support/api.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { startTestManager, type TestManager } from '../support/test-manager.js';

describe('people of an identity provider', function () {
  this.timeout(120_000);
  let provider: IdentityProvider;
  let manager: TestManager;
  let operator: Api;

  before(async () => {
    provider = await IdentityProvider.start();
    manager = await startTestManager({
      AGENTRUN_OIDC_ISSUER: provider.issuer,
      AGENTRUN_OIDC_AUDIENCE: 'agentrun',
      AGENTRUN_OIDC_CLOCK_TOLERANCE_SECONDS: '1',
      AGENTRUN_OIDC_ALL_TENANTS_CLAIM: 'groups',
      AGENTRUN_OIDC_ALL_TENANTS_VALUE: 'agentrun-admins',
    });
    operator = new Api(manager.url, manager.operatorToken);
  });
  after(async () => {
    await manager.stop();
    await provider.stop();
  });

  it('are answered by an honest 503 where its keys cannot be had; nobody else notices', async () => {
    provider.answer('with 500');
    const acme = operator.as(await provider.token({ agentrun_tenants: ['acme'] }));
    const { status, headers, body } = await acme.request('GET', '/api/v1/runs');
    assert.deepEqual([status, body.failureKind, body.error.details], [503, 'infra-failed', { part: 'identity' }]);
    assert.equal(headers.get('retry-after'), '1');
    await operator.get('/api/v1/runs');
    provider.answer('rightly');
    await eventually(
      async () => acme.request('GET', '/api/v1/runs'),
      (answer) => answer.status === 200,
    );
  });

  it('act for their tenants, and find nothing of others', async () => {
    const acme = operator.as(await provider.token({ agentrun_tenants: ['acme'] }));
    const globex = operator.as(await provider.token({ agentrun_tenants: ['globex'], sub: 'gus' }));
    const run = await acme.createRun();
    assert.equal((await acme.get(`/api/v1/runs/${run.id}`)).tenantId, 'acme');
    assert.equal((await globex.request('GET', `/api/v1/runs/${run.id}`)).status, 404);
    const taken = await globex.request('POST', '/api/v1/runs', { tenantId: 'acme', projectId: 'shop' });
    assert.deepEqual([taken.status, taken.body.failureKind], [403, 'forbidden']);
    const { operator: asker } = await acme.get('/api/v1/installation');
    assert.deepEqual(asker, { name: 'oidc:ann', tenants: ['acme'] });
    const administrates = await acme.request('PUT', '/api/v1/queue/queues/default', { paused: false });
    assert.equal(administrates.status, 403);
  });

  it('administrate the installation where the provider says so', async () => {
    const admin = operator.as(await provider.token({ groups: ['agentrun-admins'] }));
    assert.equal((await admin.request('PUT', '/api/v1/queue/queues/default', { paused: false })).status, 200);
  });

  it('are told apart from nobody: 401 for a bad token, 403 for one without a tenant', async () => {
    const over = await provider.token({ agentrun_tenants: ['acme'], exp: 1 });
    const nobody = await operator.as(over).request('GET', '/api/v1/runs');
    assert.deepEqual([nobody.status, nobody.body.failureKind], [401, 'auth-required']);
    const homeless = await operator.as(await provider.token()).request('GET', '/api/v1/runs');
    assert.deepEqual([homeless.status, homeless.body.failureKind], [403, 'forbidden']);
    for (const { body } of [nobody, homeless]) assert.ok(!JSON.stringify(body).includes(over.slice(0, 40)));
  });

  it('hear no more of a run than their token lasts: its stream ends with it, and 401 answers whoever comes back', async () => {
    const acme = operator.as(await provider.token({ agentrun_tenants: ['acme'] }));
    const run = await acme.createRun();
    const expiresAt = Math.floor(Date.now() / 1_000) + 3;
    const short = await provider.token({ agentrun_tenants: ['acme'], exp: expiresAt });
    const ask = async () =>
      fetch(`${manager.url}/api/v1/runs/${run.id}/events/stream`, {
        headers: { authorization: `Bearer ${short}` },
        signal: AbortSignal.timeout(30_000),
      });
    const stream = await ask();
    assert.equal(stream.status, 200);
    assert.doesNotMatch(await stream.text(), /event: end/);
    assert.ok(Date.now() >= (expiresAt + 1) * 1_000, 'not before the tolerance is over');
    assert.equal((await ask()).status, 401);
    await acme.post(`/api/v1/runs/${run.id}/cancel`);
  });

  it('go on while it is down, by the keys that are known', async () => {
    const known = operator.as(await provider.token({ agentrun_tenants: ['acme'] }));
    await known.get('/api/v1/runs');
    provider.answer('with 500');
    await known.get('/api/v1/runs');
    provider.answer('rightly');
  });
});
