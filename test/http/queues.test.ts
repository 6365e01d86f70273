import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'mocha';
import { eventually, type Loose } from '../support/api.js';
import { ACME_TOKEN, refused, succeeded, useManager, type Api } from './api.js';

const QUEUE = '/api/v1/queue';
const fresh = () => `q-${randomUUID()}`;

const put = async (api: Api, name: string, body: unknown) => api.request('PUT', `${QUEUE}/queues/${name}`, body);
const create = async (api: Api, queue: string, more: Loose = {}): Promise<Loose> => {
  const body = { queue, tenantId: 'acme', projectId: 'site', backendProfile: 'exec', prompt: 'true', ...more };
  return succeeded(await api.post(`${QUEUE}/tasks`, body));
};

describe('the settings of a queue', function () {
  this.timeout(90_000);
  const manager = useManager();

  it('have defaults, change where they are named, and are listed', async () => {
    const name = fresh();
    const before = succeeded(await manager.api.get(`${QUEUE}/queues/${name}`));
    const defaults = { concurrency: 10, paused: false, autoDispatch: false, maxPending: 10_000, weights: {} };
    assert.deepEqual(before, { name, ...defaults, updatedAt: null, valuesPrinted: false });
    const changed = succeeded(await put(manager.api, name, { concurrency: 3, weights: { acme: 2, beta: 5 } }));
    assert.deepEqual([changed.concurrency, changed.maxPending, changed.weights], [3, 10_000, { acme: 2, beta: 5 }]);
    succeeded(await put(manager.api, name, { paused: true }));
    const after = succeeded(await manager.api.get(`${QUEUE}/queues/${name}`));
    assert.deepEqual([after.concurrency, after.paused, after.weights], [3, true, { acme: 2, beta: 5 }]);
    const names: string[] = [];
    let cursor = '';
    do {
      const page = succeeded(await manager.api.get(`${QUEUE}/queues?limit=2&cursor=${cursor}`));
      names.push(...page.items.map((queue: Loose) => queue.name));
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    assert.ok(names.includes(name));
    assert.deepEqual(names, [...new Set(names)]);
  });

  it('take a name with any of its characters', async () => {
    const name = `a/b@c+d:e_${randomUUID()}`;
    const path = encodeURIComponent(name);
    assert.equal(succeeded(await put(manager.api, path, { concurrency: 1 })).name, name);
    assert.equal(succeeded(await manager.api.get(`${QUEUE}/queues/${path}`)).concurrency, 1);
  });

  it('refuse what is none, and stay as they are', async () => {
    const name = fresh();
    for (const [field, body] of [
      ['concurrency', { concurrency: -1 }],
      ['concurrency', { concurrency: 1_001 }],
      ['concurrency', { concurrency: '4' }],
      ['paused', { paused: 'no' }],
      ['autoDispatch', { autoDispatch: 1 }],
      ['maxPending', { maxPending: 0 }],
      ['maxPending', { maxPending: 10_001 }],
      ['weights.acme', { weights: { acme: 0 } }],
      ['weights', { weights: { 'a b': 2 } }],
      ['limit', { limit: 3 }],
    ] as const) {
      const details = refused(await put(manager.api, name, body), 400, 'schema-invalid');
      assert.equal(details.field, field, JSON.stringify(body));
    }
    assert.equal(succeeded(await manager.api.get(`${QUEUE}/queues/${name}`)).updatedAt, null);
    const unnamed = await put(manager.api, 'a%20b', {});
    assert.equal(refused(unnamed, 400, 'schema-invalid').field, 'name');
    assert.match(unnamed.body.message, /^name must begin with a letter or digit and hold only letters/);
  });

  it('are changed by operators of all tenants alone, and tell the others nothing of tenants', async () => {
    const name = fresh();
    const acme = manager.api.as(ACME_TOKEN);
    refused(await put(acme, name, { concurrency: 1 }), 403, 'forbidden');
    succeeded(await put(manager.api, name, { weights: { acme: 2, beta: 5 } }));
    assert.deepEqual(succeeded(await acme.get(`${QUEUE}/queues/${name}`)).weights, { acme: 2 });
    const { settings } = succeeded(await acme.get(`${QUEUE}/stats?queue=${name}`));
    assert.deepEqual(settings.weights, { acme: 2 });
    const hidden = fresh();
    await create(manager.api, hidden, { tenantId: 'beta' });
    const seen = async (api: Api) =>
      succeeded(await api.get(`${QUEUE}/queues?limit=500`)).items.some((queue: Loose) => queue.name === hidden);
    assert.deepEqual([await seen(manager.api), await seen(acme)], [true, false]);
  });

  it('hold for tasks that wait', async () => {
    const name = fresh();
    succeeded(await put(manager.api, name, { concurrency: 0, autoDispatch: true }));
    const { id } = await create(manager.api, name);
    const read = async () => succeeded(await manager.api.get(`${QUEUE}/tasks/${id}`));
    const waiting = await eventually(read, ({ phase }) => phase === 'waiting-for-slot');
    assert.match(waiting.diagnosis, /its concurrency is 0/);
    succeeded(await put(manager.api, name, { concurrency: 1 }));
    assert.equal((await eventually(read, ({ phase }) => phase === 'ended', 60_000)).state, 'completed');
  });
});

describe('the stats of a queue', function () {
  this.timeout(90_000);
  const manager = useManager();

  it('count its tasks', async () => {
    const name = fresh();
    const empty = succeeded(await manager.api.get(`${QUEUE}/stats?queue=${name}`));
    assert.deepEqual([empty.counts.pending, empty.oldestPendingAgeMs, empty.oldestPendingTaskId], [0, null, null]);
    const first = await create(manager.api, name);
    await create(manager.api, name, { notBefore: new Date(Date.now() + 3_600_000).toISOString(), autoDispatch: true });
    await create(manager.api, name, { tenantId: 'beta' });
    const { id } = await create(manager.api, name);
    succeeded(await manager.api.post(`${QUEUE}/tasks/${id}/cancel`));
    const stats = succeeded(await manager.api.get(`${QUEUE}/stats?queue=${name}`));
    assert.deepEqual([stats.counts.pending, stats.counts.cancelled, stats.running], [3, 1, 0]);
    assert.deepEqual(stats.waiting, { forDispatch: 2, untilTime: 1, forSlot: 0, toRetry: 0 });
    assert.deepEqual([stats.oldestPendingTaskId, stats.throughput.endedLastHour], [first.id, 1]);
    assert.equal(stats.settings.name, name);
    const acme = succeeded(await manager.api.as(ACME_TOKEN).get(`${QUEUE}/stats?queue=${name}`));
    assert.equal(acme.counts.pending, 2);
    const all = succeeded(await manager.api.get(`${QUEUE}/stats`));
    assert.ok(all.counts.pending >= 3 && all.queue === null && all.settings === null);
  });

  it('refuse a name that is none', async () => {
    assert.equal(refused(await manager.api.get(`${QUEUE}/stats?queue=a%20b`), 400, 'schema-invalid').field, 'queue');
  });
});

describe('the commander', function () {
  this.timeout(90_000);
  const manager = useManager();

  it('shows what is unread or needs somebody, the most pressing first, until it is read', async () => {
    const name = fresh();
    succeeded(await put(manager.api, name, { autoDispatch: true }));
    const done = await create(manager.api, name);
    const failed = await create(manager.api, name, { prompt: 'exit 1' });
    await create(manager.api, name, { autoDispatch: false });
    const commander = async (query = '', api = manager.api) =>
      succeeded(await api.get(`${QUEUE}/commander?queue=${name}&readerId=ann${query}`));
    const all = await eventually(commander, ({ count }) => count === 2, 60_000);
    assert.deepEqual(
      all.items.map(({ id, attentionState }: Loose) => [id, attentionState]),
      [
        [failed.id, 'failed'],
        [done.id, 'unread'],
      ],
    );
    assert.deepEqual([all.unreadCount, all.attentionCount, all.activeSessionCount], [2, 1, 0]);
    assert.deepEqual([all.readerId, all.queue, all.truncated], ['ann', name, false]);
    const cut = await commander('&limit=1');
    assert.deepEqual([cut.items.length, cut.count, cut.truncated], [1, 2, true]);
    for (const { id } of [done, failed]) {
      succeeded(await manager.api.post(`${QUEUE}/tasks/${id}/read`, { readerId: 'ann' }));
    }
    assert.equal((await commander()).count, 0);
    const other = succeeded(await manager.api.get(`${QUEUE}/commander?queue=${name}`));
    assert.deepEqual([other.count, other.readerId], [2, 'cli']);
  });

  it('shows nothing of another tenant', async () => {
    const name = fresh();
    const { id } = await create(manager.api, name, { tenantId: 'beta' });
    succeeded(await manager.api.post(`${QUEUE}/tasks/${id}/cancel`));
    const count = async (api: Api) => succeeded(await api.get(`${QUEUE}/commander?queue=${name}`)).count;
    assert.deepEqual([await count(manager.api), await count(manager.api.as(ACME_TOKEN))], [1, 0]);
  });
});
