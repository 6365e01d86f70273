import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Loose } from '../support/api.js';
import { ACME_TOKEN, refused, succeeded, useManager } from './api.js';

const PATH = '/api/v1/queue/schedules';
const TASK = { tenantId: 'acme', projectId: 'site', backendProfile: 'exec', prompt: 'true', title: 'nightly' };

describe('schedules over HTTP', () => {
  const manager = useManager();
  const name = (what = 'schedule') => `${what}-${randomUUID()}`;
  const body = (given: Record<string, unknown> = {}) => ({
    scheduleId: name(),
    cron: '30 2 * * *',
    paused: true,
    task: TASK,
    ...given,
  });
  const create = async (given: Record<string, unknown> = {}): Promise<Loose> =>
    succeeded(await manager.api.post(PATH, body(given)));
  const get = async ({ scheduleId }: Loose): Promise<Loose> =>
    succeeded(await manager.api.get(`${PATH}/${scheduleId}`));

  it('are made, shown, listed, paused, resumed and deleted', async () => {
    const scheduleId = name('nightly');
    const made = await create({ scheduleId, paused: false, timeZone: 'Europe/Berlin', endAt: '2100-01-01T00:00:00Z' });
    const { createdAt, updatedAt, nextTimes, task, ...rest } = made;
    assert.ok(createdAt <= updatedAt);
    assert.deepEqual(task, TASK);
    assert.deepEqual(rest, {
      scheduleId,
      tenantId: 'acme',
      cron: '30 2 * * *',
      intervalMs: null,
      timeZone: 'Europe/Berlin',
      overlapPolicy: 'skip',
      jitterMs: 0,
      startAt: null,
      endAt: '2100-01-01T00:00:00.000Z',
      catchupWindowMs: 86_400_000,
      queue: null,
      title: 'nightly',
      state: 'active',
      paused: false,
      problem: null,
      lastActions: [],
      activeTaskIds: [],
      counts: { taken: 0, skipped: 0, missed: 0 },
      valuesPrinted: false,
    });
    assert.equal(nextTimes.length, 5);
    assert.deepEqual(await get(made), made);
    const listed = succeeded(await manager.api.get(`${PATH}?tenantId=acme&limit=500`)).items;
    const { task: _, ...summary } = made;
    assert.deepEqual(
      listed.find((item: Loose) => item.scheduleId === scheduleId),
      summary,
    );
    const paused = succeeded(await manager.api.patch(`${PATH}/${scheduleId}`, { paused: true }));
    assert.deepEqual([paused.state, paused.paused, paused.nextTimes], ['paused', true, []]);
    assert.deepEqual(await get(made), paused);
    const resumed = succeeded(await manager.api.patch(`${PATH}/${scheduleId}`, { paused: false }));
    assert.deepEqual([resumed.state, resumed.nextTimes], ['active', nextTimes]);
    assert.deepEqual(succeeded(await manager.api.request('DELETE', `${PATH}/${scheduleId}`)), {
      action: 'schedule-deleted',
      scheduleId,
      valuesPrinted: false,
    });
    for (const method of ['GET', 'DELETE']) {
      refused(await manager.api.request(method, `${PATH}/${scheduleId}`), 404, 'schema-invalid');
    }
    refused(await manager.api.patch(`${PATH}/${scheduleId}`, { paused: true }), 404, 'schema-invalid');
    assert.equal((await create({ scheduleId, cron: '@daily' })).cron, '@daily', 'the name is free again');
  });

  it('keep the time of their place over a change of its clocks', async () => {
    const times = async (startAt: string): Promise<string[]> =>
      (await create({ paused: false, timeZone: 'Europe/Berlin', startAt })).nextTimes.slice(0, 4);
    // 2:30 does not come on the last Sunday of March, and comes twice on that of October.
    assert.deepEqual(await times('2049-03-26T12:00:00Z'), [
      '2049-03-27T01:30:00.000Z',
      '2049-03-29T00:30:00.000Z',
      '2049-03-30T00:30:00.000Z',
      '2049-03-31T00:30:00.000Z',
    ]);
    assert.deepEqual(await times('2049-10-29T12:00:00Z'), [
      '2049-10-30T00:30:00.000Z',
      '2049-10-31T01:30:00.000Z',
      '2049-11-01T01:30:00.000Z',
      '2049-11-02T01:30:00.000Z',
    ]);
  });

  it('come at intervals that are counted from the beginning of time', async () => {
    const { nextTimes } = await create({ cron: undefined, intervalMs: 7_200_000, paused: false });
    for (const time of nextTimes) assert.equal(Date.parse(time) % 7_200_000, 0);
    assert.equal(Date.parse(nextTimes[1]) - Date.parse(nextTimes[0]), 7_200_000);
  });

  it('are made once, in the same words', async () => {
    const given = body({ scheduleId: name('same') });
    const first = succeeded(await manager.api.post(PATH, given));
    assert.deepEqual(succeeded(await manager.api.post(PATH, given)), first);
    succeeded(await manager.api.patch(`${PATH}/${first.scheduleId}`, { paused: false }));
    assert.equal(succeeded(await manager.api.post(PATH, given)).paused, false, 'what came since stays');
    const other = await manager.api.post(PATH, { ...given, cron: '0 3 * * *' });
    assert.equal(refused(other, 409, 'schema-invalid').field, 'scheduleId');
    const keyed = body({ idempotencyKey: name('key') });
    const made = succeeded(await manager.api.post(PATH, keyed));
    assert.deepEqual(succeeded(await manager.api.post(PATH, keyed)), made);
    refused(await manager.api.post(PATH, { ...keyed, scheduleId: name() }), 409, 'idempotency-conflict');
  });

  const REFUSED: [what: string, given: Record<string, unknown>, field: string, why: RegExp][] = [
    ['no name', { scheduleId: undefined }, 'scheduleId', /is required/],
    ['a name that is none', { scheduleId: '../x' }, 'scheduleId', /must begin with a letter or digit/],
    ['neither cron nor interval', { cron: undefined }, 'cron', /exactly one of cron and intervalMs/],
    ['both cron and interval', { intervalMs: 60_000 }, 'cron', /exactly one of cron and intervalMs/],
    ['three fields of cron', { cron: '* * *' }, 'cron', /^cron must be five fields/],
    ['text for a cron', { cron: 'every day at noon !' }, 'cron', /^cron must be five fields/],
    ['words for a cron', { cron: 'every day at noon sharp' }, 'cron', /cron is not usable: /],
    ['a minute that never comes', { cron: '61 * * * *' }, 'cron', /Minute is not in range \[0-59\]/],
    ['a month that is none', { cron: '0 0 1 13 *' }, 'cron', /cron is not usable: /],
    ['a time zone within the cron', { cron: 'TZ=Europe/Berlin 0 2 * * *' }, 'cron', /^cron must be five fields/],
    ['an interval within the cron', { cron: '@every 5m' }, 'cron', /^cron must be five fields/],
    ['a time zone that nobody knows', { timeZone: 'Mars/Olympus_Mons' }, 'timeZone', /unknown time zone Mars/],
    ['the time zone of some machine', { timeZone: 'Local' }, 'timeZone', /must be a name of the tz database/],
    ['no time zone at all', { timeZone: '' }, 'timeZone', /must be a name of the tz database/],
    ['an interval of nothing', { cron: undefined, intervalMs: 0 }, 'intervalMs', /must be >= 1000/],
    ['an interval of half seconds', { cron: undefined, intervalMs: 1_500 }, 'intervalMs', /must be multiple of 1000/],
    ['text for an interval', { cron: undefined, intervalMs: '5m' }, 'intervalMs', /must be integer/],
    ['an overlap policy of its own', { overlapPolicy: 'terminate-other' }, 'overlapPolicy', /must be one of skip/],
    ['less than no jitter', { jitterMs: -1 }, 'jitterMs', /must be >= 0/],
    ['a time that is none', { startAt: 'tomorrow' }, 'startAt', /must match the format|date-time/],
    [
      'a start in a leap second',
      { startAt: '2030-12-31T23:59:60Z' },
      'startAt',
      /must be a time of the years 1970 to 9999/,
    ],
    [
      'a start before all times',
      { startAt: '0000-01-01T00:00:00Z' },
      'startAt',
      /must be a time of the years 1970 to 9999/,
    ],
    ['an end in a leap second', { endAt: '2030-12-31T23:59:60Z' }, 'endAt', /must be a time of the years 1970 to 9999/],
    [
      'an end after all times',
      { endAt: '9999-12-31T23:59:59-12:00' },
      'endAt',
      /must be a time of the years 1970 to 9999/,
    ],
    ['an end in the past', { endAt: '2020-01-01T00:00:00Z' }, 'endAt', /must be in the future/],
    [
      'an end before its start',
      { startAt: '2100-01-02T00:00:00Z', endAt: '2100-01-01T00:00:00Z' },
      'endAt',
      /must come after startAt/,
    ],
    ['hardly any time to catch up', { catchupWindowMs: 1_000 }, 'catchupWindowMs', /must be >= 10000/],
    ['a field that is not known', { calendar: {} }, 'calendar', /not a known field/],
    ['no task', { task: undefined }, 'task', /is required/],
    ['a task without a prompt', { task: { ...TASK, prompt: undefined } }, 'task.prompt', /prompt/],
    ['a task with an empty prompt', { task: { ...TASK, prompt: '' } }, 'task.prompt', /must not have fewer than 1/],
    ['a task of no tenant', { task: { ...TASK, tenantId: undefined } }, 'task.tenantId', /is required/],
    [
      'a task of no backend that is known',
      { task: { ...TASK, backendProfile: 'nope' } },
      'task.backendProfile',
      /one of/,
    ],
    ['a task of no spec', { task: { ...TASK, aipod: 'no-such-spec' } }, 'task.aipod', /no AipodSpec no-such-spec/],
    [
      'a task with a time',
      { task: { ...TASK, notBefore: '2100-01-01T00:00:00Z' } },
      'task.notBefore',
      /must not be given/,
    ],
    ['a task with a key', { task: { ...TASK, idempotencyKey: 'k' } }, 'task.idempotencyKey', /must not be given/],
    ['a task that waits', { task: { ...TASK, autoDispatch: false } }, 'task.autoDispatch', /must be true/],
    [
      'a task with bad retries',
      { task: { ...TASK, retryPolicy: { maxAttempts: 0 } } },
      'task.retryPolicy.maxAttempts',
      />= 1/,
    ],
  ];
  for (const [what, given, field, why] of REFUSED) {
    it(`are not made with ${what}`, async () => {
      const asked: Loose = body(given);
      const answer = await manager.api.post(PATH, asked);
      assert.equal(refused(answer, 400, 'schema-invalid').field, field, JSON.stringify(answer.body));
      assert.match(answer.body.message, why);
      if (typeof asked.scheduleId !== 'string' || field === 'scheduleId') return;
      refused(await manager.api.get(`${PATH}/${asked.scheduleId}`), 404, 'schema-invalid');
      await create({ scheduleId: asked.scheduleId });
    });
  }

  it('are for operators of their tenant; a name of another tenant is taken, and nothing is told of it', async () => {
    const acme = manager.api.as(ACME_TOKEN);
    const own = await create();
    const foreign = await create({ task: { ...TASK, tenantId: 'other', title: 'secret-title' } });
    assert.deepEqual(succeeded(await acme.get(`${PATH}/${own.scheduleId}`)), own);
    const listed = succeeded(await acme.get(`${PATH}?limit=500`)).items.map((item: Loose) => item.scheduleId);
    assert.ok(listed.includes(own.scheduleId) && !listed.includes(foreign.scheduleId));
    const path = `${PATH}/${foreign.scheduleId}`;
    refused(await acme.get(path), 404, 'schema-invalid');
    refused(await acme.patch(path, { paused: false }), 404, 'schema-invalid');
    refused(await acme.request('DELETE', path), 404, 'schema-invalid');
    const taken = await acme.post(PATH, body({ scheduleId: foreign.scheduleId }));
    assert.equal(refused(taken, 409, 'schema-invalid').field, 'scheduleId');
    assert.ok(!JSON.stringify(taken.body).match(/other|secret-title/));
    const forbidden = await acme.post(PATH, body({ task: { ...TASK, tenantId: 'other' } }));
    assert.equal(refused(forbidden, 403, 'forbidden').field, 'task.tenantId');
    const { runner } = await manager.api.claim((await manager.api.createRun()).id);
    refused(await runner.get(PATH), 403, 'forbidden');
    refused(await manager.api.as(undefined).get(PATH), 401, 'auth-required');
  });

  it('are paused by yes or no', async () => {
    const { scheduleId } = await create();
    for (const [given, field] of [
      [{}, 'paused'],
      [{ paused: 'yes' }, 'paused'],
      [{ paused: true, cron: '@daily' }, 'cron'],
    ] as const) {
      assert.equal(
        refused(await manager.api.patch(`${PATH}/${scheduleId}`, given), 400, 'schema-invalid').field,
        field,
      );
    }
  });
});
