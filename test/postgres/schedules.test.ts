import assert from 'node:assert/strict';
import { AgentRunError } from '../../src/domain/errors.js';
import type { ScheduleDefinition, ScheduleDraft } from '../../src/ports/schedule-store.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openTask } from '../support/tasks.js';

const TENANT = 'tenant-a';

function draftOf(scheduleId: string, given: Partial<ScheduleDefinition> = {}, bodyHash = 'one'): ScheduleDraft {
  const definition: ScheduleDefinition = {
    scheduleId,
    tenantId: TENANT,
    cron: '0 2 * * *',
    intervalMs: null,
    timeZone: 'Europe/Berlin',
    overlapPolicy: 'skip',
    jitterMs: 0,
    startAt: null,
    endAt: '2030-01-01T00:00:00.000Z',
    catchupWindowMs: 60_000,
    paused: false,
    ...given,
  };
  return { definition, task: { prompt: 'look\u0000', projectId: 'p', tenantId: TENANT }, bodyHash };
}

const isConflict = (kind: string) => (error: unknown) =>
  error instanceof AgentRunError && error.refusal === 'conflict' && error.failureKind === kind;

describe('schedules in PostgreSQL', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });
  beforeEach(async () => {
    await database.query('TRUNCATE schedules, idempotency_keys CASCADE');
  });
  after(async () => {
    await postgres.close();
    await database.drop();
  });

  async function open(scheduleId: string, given: Partial<ScheduleDefinition> = {}): Promise<void> {
    await postgres.schedules.draft(draftOf(scheduleId, given));
    await postgres.schedules.open(scheduleId);
  }

  it('are seen once Temporal has them, as they were asked for, by their tenant alone', async () => {
    const draft = draftOf('nightly', { jitterMs: 5_000, startAt: '2029-01-01T00:00:00.000Z' });
    assert.deepEqual(await postgres.schedules.draft(draft), { id: 'nightly', opened: false });
    assert.equal(await postgres.schedules.get('nightly', 'all'), undefined);
    assert.deepEqual((await postgres.schedules.list({ tenants: 'all', limit: 5 })).items, []);
    assert.deepEqual((await postgres.schedules.find('nightly'))?.definition, draft.definition);
    await postgres.schedules.open('nightly');
    const row = await postgres.schedules.get('nightly', [TENANT]);
    assert.deepEqual([row?.definition, row?.task], [draft.definition, draft.task]);
    assert.equal(await postgres.schedules.get('nightly', ['other']), undefined);
    assert.deepEqual((await postgres.schedules.list({ tenants: ['other'], limit: 5 })).items, []);
    assert.deepEqual((await postgres.schedules.list({ tenants: 'all', tenantId: 'other', limit: 5 })).items, []);
  });

  it('have names that are taken once', async () => {
    await open('mine');
    assert.deepEqual(await postgres.schedules.draft(draftOf('mine')), { id: 'mine', opened: true });
    await assert.rejects(postgres.schedules.draft(draftOf('mine', {}, 'two')), isConflict('schema-invalid'));
    await assert.rejects(
      postgres.schedules.draft(draftOf('mine', { tenantId: 'other' })),
      isConflict('schema-invalid'),
    );
    assert.equal((await postgres.schedules.get('mine', 'all'))?.definition.tenantId, TENANT);
  });

  it('are asked for otherwise as long as nobody has taken them, by their own tenant', async () => {
    await postgres.schedules.draft(draftOf('mine'));
    await assert.rejects(
      postgres.schedules.draft(draftOf('mine', { tenantId: 'other' })),
      isConflict('schema-invalid'),
    );
    // Whoever drafted it may be giving it to Temporal in this moment.
    await assert.rejects(postgres.schedules.draft(draftOf('mine', {}, 'two')), isConflict('schema-invalid'));
    await database.query(`UPDATE schedules SET updated_at = now() - interval '31 seconds'`);
    await postgres.schedules.draft(draftOf('mine', { cron: '5 * * * *' }, 'two'));
    assert.equal(await postgres.schedules.open('mine', 'one'), false);
    await postgres.schedules.dropDraft('mine', 'one');
    assert.equal((await postgres.schedules.find('mine'))?.definition.cron, '5 * * * *');
    await postgres.schedules.dropDraft('mine');
    assert.equal(await postgres.schedules.find('mine'), undefined);
    await open('mine', { tenantId: 'other' });
    await postgres.schedules.dropDraft('mine');
    assert.ok(await postgres.schedules.find('mine'), 'an open one is no draft');
  });

  it('are found again by their key, which goes with them', async () => {
    const key = { tenantId: TENANT, route: 'POST x', key: 'k', bodyHash: 'one' };
    await postgres.schedules.draft(draftOf('mine'), key);
    assert.deepEqual(await postgres.schedules.draft(draftOf('mine'), key), { id: 'mine', opened: false });
    await assert.rejects(
      postgres.schedules.draft(draftOf('other', {}, 'two'), { ...key, bodyHash: 'two' }),
      isConflict('idempotency-conflict'),
    );
    assert.equal(await postgres.schedules.find('other'), undefined);
    await postgres.schedules.open('mine');
    await postgres.schedules.remove('mine');
    assert.deepEqual(await postgres.schedules.draft(draftOf('other', {}, 'two'), { ...key, bodyHash: 'two' }), {
      id: 'other',
      opened: false,
    });
  });

  it('are listed newest first, in pages', async () => {
    for (const name of ['a', 'b', 'c']) await open(name);
    const first = await postgres.schedules.list({ tenants: 'all', limit: 2 });
    const second = await postgres.schedules.list({ tenants: 'all', limit: 2, cursor: first.nextCursor });
    const names = [...first.items, ...second.items].map((row) => row.definition.scheduleId);
    assert.deepEqual(names, ['c', 'b', 'a']);
    assert.equal(second.nextCursor, undefined);
    await assert.rejects(postgres.schedules.list({ tenants: 'all', limit: 2, cursor: 'x' }), /cursor is not one/);
  });

  it('remember whether they are to be paused', async () => {
    await open('mine');
    await postgres.schedules.setPaused('mine', true);
    assert.equal((await postgres.schedules.get('mine', 'all'))?.definition.paused, true);
  });

  it('are stale where nobody made them whole for long', async () => {
    await open('whole');
    await postgres.schedules.draft(draftOf('draft'));
    await database.query(`UPDATE schedules SET updated_at = now() - interval '2 hours'`);
    assert.deepEqual(await postgres.schedules.listStaleDrafts(3_600_000, 10), ['draft']);
    await postgres.schedules.draft(draftOf('draft'));
    assert.deepEqual(await postgres.schedules.listStaleDrafts(3_600_000, 10), []);
  });

  it('remember what their newest times came to, and no more of them', async () => {
    await open('busy');
    await open('quiet');
    const none = { failureKind: null, failureMessage: null };
    for (let count = 0; count < 55; count++)
      await postgres.schedules.recordOutcome('busy', { actionId: `busy-${count}`, taskId: `task_${count}`, ...none });
    const refused = { actionId: 'quiet-0', taskId: null, failureKind: 'forbidden', failureMessage: 'no' } as const;
    await postgres.schedules.recordOutcome('quiet', refused);
    await postgres.schedules.recordOutcome('quiet', refused);
    await postgres.schedules.recordOutcome('nobody', refused);
    const outcomes = await postgres.schedules.outcomes(['busy', 'quiet', 'nobody']);
    const ids = outcomes.get('busy')?.map(({ taskId }) => taskId);
    assert.deepEqual([ids?.length, ids?.[0], ids?.at(-1)], [50, 'task_54', 'task_5']);
    assert.deepEqual(outcomes.get('quiet'), [{ ...refused, isActive: false }]);
    assert.deepEqual(outcomes.get('nobody'), []);
    await postgres.schedules.remove('busy');
    assert.deepEqual((await postgres.schedules.outcomes(['busy'])).get('busy'), []);
  });

  it('know which of their tasks have not ended', async () => {
    await open('mine');
    const [live, ended] = [await openTask(postgres), await openTask(postgres, {}, { state: 'failed', phase: 'ended' })];
    for (const taskId of [live, ended, 'task_gone'])
      await postgres.schedules.recordOutcome('mine', {
        actionId: taskId,
        taskId,
        failureKind: null,
        failureMessage: null,
      });
    const outcomes = (await postgres.schedules.outcomes(['mine'])).get('mine');
    const active = outcomes?.filter(({ isActive }) => isActive).map(({ taskId }) => taskId);
    assert.deepEqual(active, [live]);
  });
});
