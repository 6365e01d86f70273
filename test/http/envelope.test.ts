import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { refused, succeeded, useManager } from './api.js';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('the envelope', function () {
  const manager = useManager();
  const runs = '/api/v1/runs';

  it('carries the trace id of the caller, or a new one', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traced = await manager.api.get('/health', { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    assert.equal(traced.body.traceId, `trc_${trace}`);
    assert.match((await manager.api.get('/health')).body.traceId, /^trc_[0-9a-f]{32}$/);
  });

  it('asks for a token, and does not tell a wrong one from none', async () => {
    for (const token of [undefined, 'wrong', 'a.b.c']) {
      const answer = await manager.api.as(token).get(runs);
      refused(answer, 401, 'auth-required');
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    }
  });

  it('says that a route is unknown, and which methods a known one takes', async () => {
    refused(await manager.api.get('/api/v1/nothing'), 404, 'schema-invalid');
    const answer = await manager.api.request('DELETE', runs);
    assert.deepEqual(refused(answer, 405, 'schema-invalid').allowed.sort(), ['GET', 'POST']);
    assert.equal(answer.headers.get('allow')?.includes('POST'), true);
  });

  it('refuses what is not a JSON object, repeating nothing of it', async () => {
    for (const body of [
      '{"tenantId": sk-secret}',
      '"sk-secret"',
      '{"a":',
      'null',
      '7',
      '{"__proto__":{"a":"sk-secret"}}',
    ]) {
      const answer = await manager.api.raw('POST', runs, body, JSON_TYPE);
      assert.equal(refused(answer, 400, 'schema-invalid').field, 'body');
      assert.ok(!JSON.stringify(answer.body).includes('sk-secret'), JSON.stringify(answer.body));
    }
    assert.equal(refused(await manager.api.raw('POST', runs, '[]', JSON_TYPE), 400, 'schema-invalid').field, 'body');
  });

  it('refuses another content type, naming it', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await manager.api.raw('POST', runs, 'tenantId=acme', form);
    refused(answer, 415, 'schema-invalid');
    assert.match(answer.body.message, /application\/x-www-form-urlencoded/);
  });

  it('refuses an oversized body, announced or not', async () => {
    const big = JSON.stringify({ metadata: 'x'.repeat(8 * 1024 * 1024) });
    const details = refused(await manager.api.raw('POST', runs, big, JSON_TYPE), 413, 'schema-invalid');
    assert.deepEqual(details, { field: 'body', limit: 8 * 1024 * 1024 });
    const stream = new Blob([big]).stream();
    const init = { method: 'POST', body: stream, duplex: 'half' as const };
    const headers = { ...JSON_TYPE, authorization: `Bearer ${manager.token}` };
    const chunked = await fetch(manager.url + runs, { ...init, headers });
    assert.equal(chunked.status, 413);
  });

  it('refuses characters that cannot be stored', async () => {
    const answer = await manager.api.post(runs, { tenantId: 'acme', projectId: 'site', metadata: { note: ['a\0'] } });
    assert.equal(refused(answer, 400, 'schema-invalid').field, 'metadata.note[0]');
  });

  it('takes a request without a body for an empty one', async () => {
    const run = await manager.api.createRun();
    succeeded(await manager.api.post(`${runs}/${run.id}/cancel`));
    assert.equal(refused(await manager.api.post(runs), 400, 'schema-invalid').field, 'tenantId');
  });

  it('says that a malformed id names nothing', async () => {
    for (const id of ['nope', 'run_', 'cmd_0123456789', 'run_0123456789']) {
      assert.equal(refused(await manager.api.get(`${runs}/${id}`), 404, 'schema-invalid').run, id);
    }
    for (const id of ['%00', 'a%2Fb', '%zz', `run_${'0'.repeat(300)}`]) {
      assert.equal(refused(await manager.api.get(`${runs}/${id}`), 400, 'schema-invalid').field, 'runId');
    }
  });

  it('answers HEAD as GET, without the body', async () => {
    const response = await fetch(`${manager.url}/health/live`, { method: 'HEAD' });
    assert.deepEqual([response.status, await response.text()], [200, '']);
  });
});

describe('health', function () {
  const manager = useManager();

  it('tells the same of all parts to anyone, in all three places', async () => {
    for (const path of ['/health', '/health/live', '/health/readiness']) {
      const health = succeeded(await manager.api.as(undefined).get(path));
      assert.deepEqual([health.serviceId, health.live, health.ready], ['agentrun-mgr', true, true], path);
      assert.equal(health.secretRefs.valuesPrinted, false);
    }
  });
});

describe('the OpenAPI document and the backends', function () {
  const manager = useManager();

  it('is served to anyone', async () => {
    const { status, body } = await manager.api.as(undefined).get('/openapi.json');
    assert.deepEqual([status, body.openapi], [200, '3.1.0']);
    assert.ok(body.paths['/api/v1/runs/{runId}/claim'].post);
  });

  it('tells which backends are there', async () => {
    const { items } = succeeded(await manager.api.get('/api/v1/backends'));
    const names = items.map((backend: { name: string }) => backend.name);
    assert.deepEqual(names, ['exec', 'codex']);
    assert.equal(items[0].ready, true);
  });
});
