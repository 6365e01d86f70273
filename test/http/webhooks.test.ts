import assert from 'node:assert/strict';
import type { Loose } from '../support/api.js';
import { ACME_TOKEN, refused, succeeded, useManager } from './api.js';

const PATH = '/api/v1/queue/webhooks';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** A public address: no name has to be looked up. */
const URL = 'https://93.184.216.34/hooks';

describe('webhooks over HTTP', () => {
  const manager = useManager();
  const body = (given: Record<string, unknown> = {}) => ({ url: URL, secret: SECRET, tenantId: 'acme', ...given });
  const create = async (given: Record<string, unknown> = {}): Promise<Loose> =>
    succeeded(await manager.api.post(PATH, body(given)));

  it('are made, shown and listed without their secret, and deleted', async () => {
    const made = await manager.api.post(PATH, body({ queue: 'night', description: 'the board' }));
    const webhook = succeeded(made);
    const { id, createdAt, updatedAt, secretFingerprint, ...rest } = webhook;
    assert.match(id, /^whk_/);
    assert.match(secretFingerprint, /^[0-9a-f]{12}$/);
    assert.ok(createdAt <= updatedAt);
    assert.deepEqual(rest, {
      url: URL,
      tenantId: 'acme',
      queue: 'night',
      states: ['completed', 'failed', 'blocked', 'cancelled'],
      description: 'the board',
      state: 'enabled',
      disabledAt: null,
      disabledReason: null,
      valuesPrinted: false,
    });
    const shown = await manager.api.get(`${PATH}/${id}`);
    const listed = await manager.api.get(`${PATH}?tenantId=acme`);
    assert.deepEqual(succeeded(shown), webhook);
    assert.deepEqual(
      succeeded(listed).items.find((item: Loose) => item.id === id),
      webhook,
    );
    for (const answer of [made, shown, listed]) assert.ok(!JSON.stringify(answer.body).includes(SECRET.slice(6)));
    assert.deepEqual(succeeded(await manager.api.get(`${PATH}/${id}/deliveries`)), { items: [] });
    assert.deepEqual(succeeded(await manager.api.request('DELETE', `${PATH}/${id}`)), {
      action: 'webhook-deleted',
      webhookId: id,
      valuesPrinted: false,
    });
    for (const [method, path] of [
      ['GET', `${PATH}/${id}`],
      ['DELETE', `${PATH}/${id}`],
      ['GET', `${PATH}/${id}/deliveries`],
    ] as const) {
      refused(await manager.api.request(method, path), 404, 'schema-invalid');
    }
  });

  it('have fingerprints by which two secrets can be told apart', async () => {
    const [one, same, other] = [
      await create(),
      await create({ url: `${URL}/2` }),
      await create({ secret: 'another-secret-of-thirty-chars' }),
    ];
    assert.equal(one.secretFingerprint, same.secretFingerprint);
    assert.notEqual(one.secretFingerprint, other.secretFingerprint);
  });

  it('are made once for one key', async () => {
    const idempotencyKey = `k-${Date.now()}`;
    const first = await create({ idempotencyKey });
    assert.deepEqual(await create({ idempotencyKey }), first);
    for (const change of [{ url: `${URL}/x` }, { secret: `${SECRET}AAAA` }, { queue: 'q' }, { states: ['failed'] }]) {
      const again = await manager.api.post(PATH, body({ idempotencyKey, ...change }));
      assert.equal(refused(again, 409, 'idempotency-conflict').field, 'idempotencyKey');
    }
    succeeded(await manager.api.request('DELETE', `${PATH}/${first.id}`));
    assert.notEqual((await create({ idempotencyKey })).id, first.id);
  });

  const REFUSED: [what: string, given: Record<string, unknown>, field: string, why: RegExp][] = [
    ['no url', { url: undefined }, 'url', /is required/],
    ['an url of another kind', { url: 'ftp://hooks.example.com/' }, 'url', /must begin with http/],
    ['text for an url', { url: 'https://' }, 'url', /must begin with http/],
    ['what is no url after all', { url: 'https://[::' }, 'url', /is not a URL/],
    ['a password in the url', { url: 'https://me:secret-word@93.184.216.34/' }, 'url', /must not hold a user name/],
    ['a loopback address', { url: 'http://127.0.0.1:9/' }, 'url', /is not at a public address/],
    ['a loopback name', { url: 'http://localhost:9/' }, 'url', /is not at a public address/],
    ['the metadata of a cloud', { url: 'http://169.254.169.254/latest' }, 'url', /is not at a public address/],
    ['a private address, otherwise written', { url: 'http://0xa000001/' }, 'url', /is not at a public address/],
    ['an IPv6 address that is not public', { url: 'http://[fd00::1]/' }, 'url', /is not at a public address/],
    ['no secret', { secret: undefined }, 'secret', /is required/],
    ['a short secret', { secret: 'a'.repeat(23) }, 'secret', /must be 24 to 256 printable/],
    ['a long secret', { secret: 'a'.repeat(257) }, 'secret', /must be 24 to 256 printable/],
    ['a secret with a blank', { secret: `${'a'.repeat(30)} b` }, 'secret', /must be 24 to 256 printable/],
    ['a secret that says it is base64', { secret: `whsec_${'#'.repeat(32)}` }, 'secret', /base64 of 24 to 64 bytes/],
    ['base64 of too few bytes', { secret: `whsec_${'A'.repeat(28)}` }, 'secret', /base64 of 24 to 64 bytes/],
    ['no tenant', { tenantId: undefined }, 'tenantId', /is required/],
    ['states of no end', { states: ['running'] }, 'states[0]', /must be one of completed, failed, blocked, cancelled/],
    ['no states at all', { states: [] }, 'states', /must not have fewer than 1/],
    ['a state twice', { states: ['failed', 'failed'] }, 'states', /must NOT have duplicate|must not/i],
    ['a queue that is no name', { queue: '../x' }, 'queue', /must/],
    ['a field that is not known', { events: ['x'] }, 'events', /not a known field/],
  ];
  for (const [what, given, field, why] of REFUSED) {
    it(`are not made with ${what}`, async () => {
      const before = succeeded(await manager.api.get(`${PATH}?limit=500`)).items.length;
      const answer = await manager.api.post(PATH, body(given));
      assert.equal(refused(answer, 400, 'schema-invalid').field, field);
      assert.match(answer.body.message, why);
      for (const word of ['secret-word', '####', 'aaaaaa']) assert.ok(!JSON.stringify(answer.body).includes(word));
      assert.equal(succeeded(await manager.api.get(`${PATH}?limit=500`)).items.length, before);
    });
  }

  it('are for operators of their tenant, and missing to all others', async () => {
    const acme = manager.api.as(ACME_TOKEN);
    const [own, foreign] = [await create(), await create({ tenantId: 'other' })];
    assert.deepEqual(succeeded(await acme.get(`${PATH}/${own.id}`)), own);
    const listed = succeeded(await acme.get(`${PATH}?limit=500`)).items;
    assert.ok(
      listed.some((item: Loose) => item.id === own.id) && !listed.some((item: Loose) => item.id === foreign.id),
    );
    refused(await acme.get(`${PATH}/${foreign.id}`), 404, 'schema-invalid');
    refused(await acme.get(`${PATH}/${foreign.id}/deliveries`), 404, 'schema-invalid');
    refused(await acme.request('DELETE', `${PATH}/${foreign.id}`), 404, 'schema-invalid');
    assert.equal(refused(await acme.post(PATH, body({ tenantId: 'other' })), 403, 'forbidden').field, 'tenantId');
    const { runner } = await manager.api.claim((await manager.api.createRun()).id);
    refused(await runner.get(PATH), 403, 'forbidden');
    refused(await runner.post(PATH, body()), 403, 'forbidden');
    refused(await manager.api.as(undefined).get(PATH), 401, 'auth-required');
  });

  it('have deliveries that exist, or not', async () => {
    const { id } = await create();
    const unknown = `${PATH}/${id}/deliveries/dlv_00000000000000000000/redeliver`;
    refused(await manager.api.post(unknown), 404, 'schema-invalid');
    refused(await manager.api.post(`${PATH}/${id}/deliveries/x/redeliver`), 404, 'schema-invalid');
    const { field } = refused(await manager.api.get(`${PATH}/${id}/deliveries?cursor=x`), 400, 'schema-invalid');
    assert.equal(field, 'cursor');
  });
});
