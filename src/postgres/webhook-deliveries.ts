import type { WebhookDelivery } from '../contract/webhook.js';
import { newId } from '../domain/new-id.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import type { DeliveryState, DeliveryTried } from '../domain/webhook-delivery.js';
import type { DeliveryStore, DeliveryToTry, DueDelivery } from '../ports/delivery-store.js';
import { afterCreation, decodeCursor, pageOf } from './cursor.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { isoOrNull } from './run-mapping.js';

export function createDeliveryStore(database: Database): DeliveryStore {
  return {
    announce: (taskId) => database.transaction((transaction) => announce(transaction, taskId)),

    async get(webhookId, deliveryId) {
      const { rows } = await database.query<DeliveryRow>(
        `SELECT ${COLUMNS} FROM webhook_deliveries WHERE id = $1 AND webhook_id = $2`,
        [deliveryId, webhookId],
      );
      return rows[0] && toRecord(rows[0]);
    },

    list: (query) => listDeliveries(database, query),

    readTry: (deliveryId) => readTry(database, deliveryId),

    recordTry: (deliveryId, tried, waitMs) =>
      database.transaction((transaction) => recordTry(transaction, deliveryId, tried, waitMs)),

    reopen: (deliveryId) => reopen(database, deliveryId),

    async listOverdue(lateMs, limit) {
      const { rows } = await database.query<DueRow>(
        `${SELECT_DUE} WHERE d.state = 'pending' AND d.next_attempt_at < now() - $1 * interval '1 ms' AND w.closed_at IS NULL
         ORDER BY d.next_attempt_at LIMIT $2`,
        [lateMs, limit],
      );
      return rows.map(toDue);
    },
  };
}

const COLUMNS = `id, webhook_id, task_id, type, state, attempts, last_status_code, last_error, last_latency_ms, last_attempt_at,
  next_attempt_at, delivered_at, created_at, updated_at`;

interface DeliveryRow {
  readonly id: string;
  readonly webhook_id: string;
  readonly task_id: string;
  readonly type: WebhookDelivery['type'];
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
  readonly last_latency_ms: number | null;
  readonly last_attempt_at: Date | null;
  readonly next_attempt_at: Date | null;
  readonly delivered_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

function toRecord(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    taskId: row.task_id,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    lastStatusCode: row.last_status_code,
    lastError: row.last_error,
    lastLatencyMs: row.last_latency_ms,
    lastAttemptAt: isoOrNull(row.last_attempt_at),
    nextAttemptAt: isoOrNull(row.next_attempt_at),
    deliveredAt: isoOrNull(row.delivered_at),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    valuesPrinted: false,
  };
}

async function announce(transaction: Queryable, taskId: string): Promise<DueDelivery[]> {
  const { rows: wanted } = await transaction.query<{ webhook_id: string }>(
    `SELECT w.id AS webhook_id FROM tasks t JOIN webhooks w ON w.tenant_id = t.tenant_id
     WHERE t.id = $1 AND t.opened_at IS NOT NULL AND t.state = ANY ($2) AND t.state = ANY (w.states)
       AND (w.queue IS NULL OR w.queue = t.queue)
       AND w.opened_at IS NOT NULL AND w.closed_at IS NULL AND w.disabled_at IS NULL
     ORDER BY w.id FOR SHARE OF w`,
    [taskId, TERMINAL_STATUSES],
  );
  await transaction.query(
    `INSERT INTO webhook_deliveries (id, webhook_id, task_id, news, type, occurred_at, next_attempt_at)
     SELECT d.id, d.webhook_id, t.id, t.news, 'task.' || t.state, coalesce(t.finished_at, now()), now()
     FROM tasks t, unnest($2::text[], $3::text[]) AS d (id, webhook_id) WHERE t.id = $1
     ON CONFLICT (webhook_id, task_id, news) DO NOTHING`,
    [taskId, wanted.map(() => newId('dlv')), wanted.map((row) => row.webhook_id)],
  );
  const { rows } = await transaction.query<DueRow>(
    `${SELECT_DUE} WHERE d.task_id = $1 AND d.news = t.news AND d.state = 'pending' AND w.closed_at IS NULL`,
    [taskId],
  );
  return rows.map(toDue);
}

const SELECT_DUE = `SELECT d.id, d.webhook_id, d.task_id, t.tenant_id, t.queue
  FROM webhook_deliveries d JOIN tasks t ON t.id = d.task_id JOIN webhooks w ON w.id = d.webhook_id`;

interface DueRow {
  readonly id: string;
  readonly webhook_id: string;
  readonly task_id: string;
  readonly tenant_id: string;
  readonly queue: string;
}

function toDue({ id, webhook_id, task_id, tenant_id, queue }: DueRow): DueDelivery {
  return { deliveryId: id, webhookId: webhook_id, taskId: task_id, tenantId: tenant_id, queue };
}

async function listDeliveries(
  database: Database,
  { webhookId, limit, cursor }: Parameters<DeliveryStore['list']>[0],
): ReturnType<DeliveryStore['list']> {
  const list = `deliveries-${webhookId}`;
  const after = cursor === undefined ? undefined : decodeCursor(list, cursor);
  const { rows } = await database.query<DeliveryRow>(
    `SELECT ${COLUMNS} FROM webhook_deliveries
     WHERE webhook_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
     ORDER BY created_at DESC, id DESC LIMIT $4`,
    // One more than asked for tells whether a next page exists.
    [webhookId, after ? new Date(after.atMs).toISOString() : null, after?.id ?? null, limit + 1],
  );
  return pageOf(rows, limit, toRecord, afterCreation(list));
}

interface TryRow extends DeliveryRow {
  readonly url: string;
  readonly tenant_id: string;
  readonly disabled_at: Date | null;
  readonly occurred_at: Date;
}

async function readTry(database: Database, deliveryId: string): Promise<DeliveryToTry | undefined> {
  const { rows } = await database.query<TryRow>(
    `SELECT d.*, w.url, w.tenant_id, w.disabled_at FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
     WHERE d.id = $1 AND w.closed_at IS NULL`,
    [deliveryId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { webhookId, taskId, state, attempts, type } = toRecord(row);
  const { url, tenant_id: tenantId, occurred_at, disabled_at } = row;
  const of = { webhookId, taskId, state, attempts, type, url, tenantId };
  return { ...of, occurredAt: occurred_at.toISOString(), disabled: disabled_at !== null };
}

/** Once for each try: a repeat of what was written down before somebody asked for the delivery again must not settle that one. */
async function recordTry(
  transaction: Queryable,
  deliveryId: string,
  tried: DeliveryTried,
  waitMs: number | null,
): Promise<DeliveryState | undefined> {
  const state = stateAfter(tried, waitMs);
  const wasSent = tried.verdict !== 'stopped';
  const { rows } = await transaction.query<{ state: DeliveryState; webhook_id: string }>(
    `UPDATE webhook_deliveries SET state = $2, attempts = greatest(attempts, $3), last_status_code = $4, last_error = $5,
       last_latency_ms = $6, last_attempt_at = CASE WHEN $7 THEN now() ELSE last_attempt_at END,
       next_attempt_at = now() + $8::bigint * interval '1 ms', delivered_at = CASE WHEN $2 = 'delivered' THEN now() END,
       updated_at = now()
     WHERE id = $1 AND state = 'pending' AND (attempts < $3 OR NOT $7) RETURNING state, webhook_id`,
    [deliveryId, state, tried.attempt, tried.statusCode, tried.error, tried.latencyMs, wasSent, waitMs],
  );
  const [row] = rows;
  if (row === undefined) return stateOf(transaction, deliveryId);
  if (tried.verdict === 'gone') await disable(transaction, row.webhook_id);
  return row.state;
}

function stateAfter({ verdict }: DeliveryTried, waitMs: number | null): DeliveryState {
  if (verdict === 'delivered') return 'delivered';
  return waitMs === null ? 'failed' : 'pending';
}

async function stateOf(transaction: Queryable, deliveryId: string): Promise<DeliveryState | undefined> {
  const { rows } = await transaction.query<{ state: DeliveryState }>(
    'SELECT state FROM webhook_deliveries WHERE id = $1',
    [deliveryId],
  );
  return rows[0]?.state;
}

async function disable(transaction: Queryable, webhookId: string): Promise<void> {
  await transaction.query(
    `UPDATE webhooks SET disabled_at = now(), disabled_reason = 'its receiver answered 410: it is gone', updated_at = now()
     WHERE id = $1 AND disabled_at IS NULL`,
    [webhookId],
  );
}

async function reopen(database: Database, deliveryId: string): Promise<DueDelivery | undefined> {
  const { rows } = await database.query<DueRow>(
    `UPDATE webhook_deliveries d SET state = 'pending', next_attempt_at = now(), updated_at = now()
     FROM webhooks w, tasks t WHERE d.id = $1 AND w.id = d.webhook_id AND t.id = d.task_id
       AND w.closed_at IS NULL AND w.disabled_at IS NULL
     RETURNING d.id, d.webhook_id, d.task_id, t.tenant_id, t.queue`,
    [deliveryId],
  );
  return rows[0] && toDue(rows[0]);
}
