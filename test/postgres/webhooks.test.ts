import assert from 'node:assert/strict';
import { AgentRunError } from '../../src/domain/errors.js';
import { newId } from '../../src/domain/new-id.js';
import type { DeliveryTried } from '../../src/domain/webhook-delivery.js';
import type { WebhookDraft } from '../../src/ports/webhook-store.js';
import { openPostgres, type Postgres } from '../../src/postgres/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openTask, taskSnapshot } from '../support/tasks.js';

const TENANT = 'tenant-a';

const tried = (given: Partial<DeliveryTried> = {}): DeliveryTried => ({
  verdict: 'retry',
  attempt: 1,
  statusCode: 500,
  error: 'the receiver answered 500',
  latencyMs: 7,
  retryAfterMs: null,
  ...given,
});

describe('webhooks and their deliveries in PostgreSQL', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await createTestDatabase();
    postgres = openPostgres({ connectionString: database.connectionString, queryTimeoutMs: 30_000 });
  });
  beforeEach(async () => {
    await database.query('TRUNCATE webhooks, tasks, idempotency_keys CASCADE');
  });
  after(async () => {
    await postgres.close();
    await database.drop();
  });

  const draftOf = (asked: Partial<WebhookDraft['asked']> = {}): WebhookDraft => ({
    id: newId('whk'),
    asked: { url: 'https://hooks.example.com/', tenantId: TENANT, states: ['completed', 'failed'], ...asked },
    secretFingerprint: '0123456789ab',
  });

  async function open(asked: Partial<WebhookDraft['asked']> = {}): Promise<string> {
    const { id } = await postgres.webhooks.draft(draftOf(asked));
    await postgres.webhooks.open(id);
    return id;
  }

  const endedTask = async (state: 'completed' | 'failed' | 'cancelled' = 'completed', queue = 'default') =>
    openTask(postgres, { tenantId: TENANT, queue }, { state, phase: 'ended' });

  const whom = async (taskId: string) => (await postgres.deliveries.announce(taskId)).map((due) => due.webhookId);

  async function announced(): Promise<{ webhookId: string; deliveryId: string }> {
    const webhookId = await open();
    const [due] = await postgres.deliveries.announce(await endedTask());
    return { webhookId, deliveryId: due!.deliveryId };
  }

  describe('a webhook', () => {
    it('is seen once its secret is kept, by its tenant alone', async () => {
      const draft = draftOf({ queue: 'night', description: 'for the board' });
      assert.deepEqual(await postgres.webhooks.draft(draft), { id: draft.id, opened: false });
      assert.equal(await postgres.webhooks.get(draft.id, 'all'), undefined);
      assert.deepEqual(await postgres.webhooks.list({ tenants: 'all', limit: 10 }), { items: [] });
      await postgres.webhooks.open(draft.id);
      const webhook = await postgres.webhooks.get(draft.id, [TENANT]);
      assert.ok(webhook);
      const { createdAt, updatedAt, ...rest } = webhook;
      assert.ok(createdAt <= updatedAt);
      assert.deepEqual(rest, {
        id: draft.id,
        tenantId: TENANT,
        url: 'https://hooks.example.com/',
        queue: 'night',
        states: ['completed', 'failed'],
        description: 'for the board',
        state: 'enabled',
        disabledAt: null,
        disabledReason: null,
        secretFingerprint: '0123456789ab',
        valuesPrinted: false,
      });
      assert.equal(await postgres.webhooks.get(draft.id, ['other']), undefined);
      assert.deepEqual((await postgres.webhooks.list({ tenants: ['other'], limit: 10 })).items, []);
      assert.deepEqual((await postgres.webhooks.list({ tenants: 'all', tenantId: 'other', limit: 10 })).items, []);
    });

    it('is found again by its key, and not with another body', async () => {
      const key = { tenantId: TENANT, route: 'POST x', key: 'k', bodyHash: 'one' };
      const first = await postgres.webhooks.draft(draftOf(), key);
      assert.deepEqual(await postgres.webhooks.draft(draftOf(), key), { id: first.id, opened: false });
      await postgres.webhooks.open(first.id);
      assert.deepEqual(await postgres.webhooks.draft(draftOf(), key), { id: first.id, opened: true });
      await assert.rejects(
        postgres.webhooks.draft(draftOf(), { ...key, bodyHash: 'two' }),
        (error) => error instanceof AgentRunError && error.failureKind === 'idempotency-conflict',
      );
    });

    it('frees its key when it is closed, is hidden at once, and forgotten after', async () => {
      const key = { tenantId: TENANT, route: 'POST x', key: 'k', bodyHash: 'one' };
      const { id } = await postgres.webhooks.draft(draftOf(), key);
      await postgres.webhooks.open(id);
      await postgres.webhooks.forget(id);
      assert.ok(await postgres.webhooks.get(id, 'all'), 'an open one is not forgotten');
      assert.equal(await postgres.webhooks.close(id, ['other']), false);
      assert.equal(await postgres.webhooks.close(id, [TENANT]), true);
      assert.equal(await postgres.webhooks.close(id, [TENANT]), false);
      assert.equal(await postgres.webhooks.get(id, 'all'), undefined);
      assert.notEqual((await postgres.webhooks.draft(draftOf(), key)).id, id);
      await postgres.webhooks.forget(id);
      assert.deepEqual(await database.query('SELECT id FROM webhooks WHERE id = $1', [id]), []);
    });

    it('is listed newest first, in pages', async () => {
      const ids = [];
      for (let count = 0; count < 5; count++) ids.unshift(await open());
      const seen = [];
      for (let cursor: string | undefined, more = true; more;) {
        const page = await postgres.webhooks.list({ tenants: [TENANT], limit: 2, cursor });
        seen.push(...page.items.map((item) => item.id));
        cursor = page.nextCursor;
        more = cursor !== undefined;
      }
      assert.deepEqual(seen, ids);
      await assert.rejects(postgres.webhooks.list({ tenants: 'all', limit: 2, cursor: 'x' }), /cursor is not one/);
    });

    it('is left over where nobody opened it for long, or its deletion was cut off', async () => {
      const [whole, draft, closed] = [await open(), (await postgres.webhooks.draft(draftOf())).id, await open()];
      await postgres.webhooks.close(closed, 'all');
      assert.deepEqual(await postgres.webhooks.listLeftovers(3_600_000, 10), []);
      await database.query(
        `UPDATE webhooks SET created_at = now() - interval '2 hours', closed_at = closed_at - interval '2 hours'`,
      );
      assert.deepEqual((await postgres.webhooks.listLeftovers(3_600_000, 10)).sort(), [draft, closed].sort());
      assert.ok(await postgres.webhooks.get(whole, 'all'));
    });
  });

  describe('the end of a task', () => {
    it('is for the webhooks of its tenant that asked for such ends of its queue', async () => {
      const all = await open();
      const ofQueue = await open({ queue: 'night', states: ['completed'] });
      await open({ queue: 'other' });
      await open({ tenantId: 'other' });
      await open({ states: ['cancelled'] });
      await postgres.webhooks.draft(draftOf());
      const closed = await open();
      await postgres.webhooks.close(closed, 'all');
      assert.deepEqual((await whom(await endedTask('completed', 'night'))).sort(), [all, ofQueue].sort());
      assert.deepEqual(await whom(await endedTask('failed', 'night')), [all]);
    });

    it('is announced once, however often it is said', async () => {
      await open();
      const taskId = await endedTask();
      const [first] = await postgres.deliveries.announce(taskId);
      const several = await Promise.all([1, 2, 3].map(async () => postgres.deliveries.announce(taskId)));
      for (const due of several) assert.deepEqual(due, [first]);
      assert.equal(first!.taskId, taskId);
      await open();
      assert.equal(
        (await postgres.deliveries.announce(taskId)).length,
        2,
        'a webhook that came between hears of it too',
      );
    });

    it('is announced anew when the task ended again', async () => {
      const webhookId = await open();
      const taskId = await endedTask('failed');
      const [first] = await postgres.deliveries.announce(taskId);
      await postgres.deliveries.recordTry(first!.deliveryId, tried({ verdict: 'delivered', error: null }), null);
      assert.deepEqual(await postgres.deliveries.announce(taskId), []);
      await postgres.tasks.project(
        taskSnapshot(taskId, { version: 2, state: 'running', phase: 'running', executionId: 'e2', afterVersion: 1 }),
      );
      assert.deepEqual(await postgres.deliveries.announce(taskId), []);
      await postgres.tasks.project(
        taskSnapshot(taskId, { version: 3, state: 'completed', phase: 'ended', executionId: 'e2' }),
      );
      const [second] = await postgres.deliveries.announce(taskId);
      assert.notEqual(second!.deliveryId, first!.deliveryId);
      const { items } = await postgres.deliveries.list({ webhookId, limit: 10 });
      assert.deepEqual(
        items.map(({ type, state }) => [type, state]),
        [
          ['task.completed', 'pending'],
          ['task.failed', 'delivered'],
        ],
      );
    });

    it('is no end before the task has ended', async () => {
      await open();
      const taskId = await openTask(postgres, { tenantId: TENANT });
      assert.deepEqual(await postgres.deliveries.announce(taskId), []);
      assert.deepEqual(await postgres.deliveries.announce('task_0000000000'), []);
    });
  });

  describe('a delivery', () => {
    it('remembers its tries, and when the next one comes', async () => {
      const { webhookId, deliveryId } = await announced();
      assert.equal(await postgres.deliveries.recordTry(deliveryId, tried(), 60_000), 'pending');
      const after = (await postgres.deliveries.get(webhookId, deliveryId))!;
      assert.deepEqual(
        [after.attempts, after.lastStatusCode, after.lastError, after.lastLatencyMs, after.deliveredAt],
        [1, 500, 'the receiver answered 500', 7, null],
      );
      const inMs = Date.parse(after.nextAttemptAt!) - Date.now();
      assert.ok(inMs > 50_000 && inMs <= 61_000, String(inMs));
      const success = tried({ verdict: 'delivered', attempt: 2, statusCode: 200, error: null });
      assert.equal(await postgres.deliveries.recordTry(deliveryId, success, null), 'delivered');
      const end = (await postgres.deliveries.get(webhookId, deliveryId))!;
      assert.deepEqual([end.state, end.attempts, end.lastError, end.nextAttemptAt], ['delivered', 2, null, null]);
      assert.ok(end.deliveredAt);
      assert.equal(await postgres.deliveries.recordTry(deliveryId, tried(), 1_000), 'delivered', 'a late repeat');
      assert.deepEqual(await postgres.deliveries.get(webhookId, deliveryId), end);
    });

    it('has failed when no try comes any more', async () => {
      const { webhookId, deliveryId } = await announced();
      assert.equal(await postgres.deliveries.recordTry(deliveryId, tried(), null), 'failed');
      assert.equal((await postgres.webhooks.get(webhookId, 'all'))?.state, 'enabled');
    });

    it('disables its webhook when the receiver is gone, which is told nothing more then', async () => {
      const { webhookId, deliveryId } = await announced();
      const gone = tried({ verdict: 'gone', statusCode: 410 });
      assert.equal(await postgres.deliveries.recordTry(deliveryId, gone, null), 'failed');
      const webhook = await postgres.webhooks.get(webhookId, 'all');
      assert.deepEqual(
        [webhook?.state, webhook?.disabledReason],
        ['disabled', 'its receiver answered 410: it is gone'],
      );
      assert.deepEqual(await postgres.deliveries.announce(await endedTask()), []);
      assert.equal(await postgres.deliveries.reopen(deliveryId), undefined);
      assert.equal((await postgres.deliveries.readTry(deliveryId))?.disabled, true);
    });

    it('is not to be tried once its webhook is closed, and goes with it', async () => {
      const { webhookId, deliveryId } = await announced();
      assert.ok(await postgres.deliveries.readTry(deliveryId));
      await postgres.webhooks.close(webhookId, 'all');
      assert.equal(await postgres.deliveries.readTry(deliveryId), undefined);
      assert.equal(await postgres.deliveries.reopen(deliveryId), undefined);
      await postgres.webhooks.forget(webhookId);
      assert.equal(await postgres.deliveries.recordTry(deliveryId, tried(), 1_000), undefined);
      assert.deepEqual(await database.query('SELECT id FROM webhook_deliveries'), []);
    });

    it('is made again when somebody asks, and counts on', async () => {
      const { webhookId, deliveryId } = await announced();
      await postgres.deliveries.recordTry(deliveryId, tried({ attempt: 9 }), null);
      const due = await postgres.deliveries.reopen(deliveryId);
      assert.deepEqual([due?.deliveryId, due?.webhookId], [deliveryId, webhookId]);
      const { state, attempts } = (await postgres.deliveries.readTry(deliveryId))!;
      assert.deepEqual([state, attempts], ['pending', 9]);
    });

    it('that is to be made again is not settled by a repeat of the try before', async () => {
      const { webhookId, deliveryId } = await announced();
      const success = tried({ verdict: 'delivered', statusCode: 204, error: null });
      assert.equal(await postgres.deliveries.recordTry(deliveryId, success, null), 'delivered');
      await postgres.deliveries.reopen(deliveryId);
      assert.equal(await postgres.deliveries.recordTry(deliveryId, success, null), 'pending');
      assert.equal((await postgres.deliveries.get(webhookId, deliveryId))?.state, 'pending');
      assert.equal(await postgres.deliveries.recordTry(deliveryId, { ...success, attempt: 2 }, null), 'delivered');
    });

    it('is listed with its webhook, newest first, in pages of its own', async () => {
      const [webhookId, other] = [await open(), await open()];
      for (let count = 0; count < 3; count++) await postgres.deliveries.announce(await endedTask());
      const first = await postgres.deliveries.list({ webhookId, limit: 2 });
      assert.equal(first.items.length, 2);
      assert.ok(first.items[0]!.createdAt >= first.items[1]!.createdAt);
      const second = await postgres.deliveries.list({ webhookId, limit: 2, cursor: first.nextCursor });
      assert.deepEqual([second.items.length, second.nextCursor], [1, undefined]);
      await assert.rejects(
        postgres.deliveries.list({ webhookId: other, limit: 2, cursor: first.nextCursor }),
        /cursor is not one of this list/,
      );
      assert.equal(await postgres.deliveries.get(other, first.items[0]!.id), undefined);
    });

    it('goes when the log is kept no longer, unless it is still to be made', async () => {
      const [{ deliveryId }, open] = [await announced(), await announced()];
      await postgres.deliveries.recordTry(deliveryId, tried(), null);
      await database.query(`UPDATE webhook_deliveries SET updated_at = now() - interval '8 days'`);
      const report = await postgres.maintenance.maintain({
        eventRetentionDays: 30,
        idempotencyRetentionHours: 48,
        workspaceRetentionHours: 24,
        webhookLogRetentionDays: 7,
      });
      // The second task was told to the first webhook as well.
      assert.equal(report.deliveriesDeleted, 1);
      assert.equal(await postgres.deliveries.readTry(deliveryId), undefined);
      assert.ok(await postgres.deliveries.readTry(open.deliveryId));
    });
  });
});
