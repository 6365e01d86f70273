import type { WebhookRecord } from '../contract/webhook.js';
import type { Reservation } from '../ports/reservation.js';
import type { Drafted, TenantScope } from '../ports/run-store.js';
import type { WebhookDraft, WebhookStore } from '../ports/webhook-store.js';
import { afterCreation, pageOf } from './cursor.js';
import { newestFirst } from './newest-first.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { reserve } from './reservations.js';
import { isoOrNull } from './run-mapping.js';

export function createWebhookStore(database: Database): WebhookStore {
  return {
    draft: (draft, reservation) => draftWebhook(database, draft, reservation),

    async open(webhookId) {
      await database.query('UPDATE webhooks SET opened_at = coalesce(opened_at, now()) WHERE id = $1', [webhookId]);
    },

    get: (webhookId, tenants) => getWebhook(database, webhookId, tenants),

    async list(filter) {
      const { rows } = await database.query<WebhookRow>(...newestFirst(LIST, filter));
      return pageOf(rows, filter.limit, toRecord, afterCreation(LIST.list));
    },

    close: (webhookId, tenants) => closeWebhook(database, webhookId, tenants),

    async forget(webhookId) {
      await database.query('DELETE FROM webhooks WHERE id = $1 AND (opened_at IS NULL OR closed_at IS NOT NULL)', [
        webhookId,
      ]);
    },

    async listLeftovers(olderThanMs, limit) {
      const { rows } = await database.query<{ id: string }>(
        `SELECT id FROM webhooks WHERE closed_at < now() - $1 * interval '1 ms'
           OR (opened_at IS NULL AND created_at < now() - $1 * interval '1 ms') ORDER BY created_at LIMIT $2`,
        [olderThanMs, limit],
      );
      return rows.map((row) => row.id);
    },
  };
}

const COLUMNS = `id, tenant_id, url, queue, states, description, secret_fingerprint, created_at, disabled_at, disabled_reason,
  updated_at`;

/** Neither a draft nor one that is being deleted. */
const IS_SEEN = 'opened_at IS NOT NULL AND closed_at IS NULL';

const LIST = { list: 'webhooks', columns: COLUMNS, table: 'webhooks', seen: IS_SEEN };

interface WebhookRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly url: string;
  readonly queue: string | null;
  readonly states: WebhookRecord['states'];
  readonly description: string | null;
  readonly secret_fingerprint: string;
  readonly created_at: Date;
  readonly disabled_at: Date | null;
  readonly disabled_reason: string | null;
  readonly updated_at: Date;
}

function toRecord(row: WebhookRow): WebhookRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    url: row.url,
    queue: row.queue,
    states: row.states,
    description: row.description,
    state: row.disabled_at === null ? 'enabled' : 'disabled',
    disabledAt: isoOrNull(row.disabled_at),
    disabledReason: row.disabled_reason,
    secretFingerprint: row.secret_fingerprint,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    valuesPrinted: false,
  };
}

function draftWebhook(database: Database, draft: WebhookDraft, reservation?: Reservation): Promise<Drafted> {
  return database.transaction(async (transaction) => {
    const join = async (id: string) => joinDraft(transaction, id);
    const found = reservation && (await reserve(transaction, reservation, draft.id, join));
    if (found !== undefined) return found;
    await insert(transaction, draft);
    return { id: draft.id, opened: false };
  });
}

async function joinDraft(transaction: Queryable, id: string): Promise<Drafted | undefined> {
  const { rows } = await transaction.query<{ opened: boolean }>(
    'SELECT opened_at IS NOT NULL AS opened FROM webhooks WHERE id = $1 AND closed_at IS NULL',
    [id],
  );
  return rows[0] && { id, opened: rows[0].opened };
}

async function insert(transaction: Queryable, { id, asked, secretFingerprint }: WebhookDraft): Promise<void> {
  await transaction.query(
    `INSERT INTO webhooks (id, tenant_id, url, queue, states, description, secret_fingerprint)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [id, asked.tenantId, asked.url, asked.queue ?? null, asked.states, asked.description ?? null, secretFingerprint],
  );
}

async function getWebhook(
  database: Database,
  webhookId: string,
  tenants: TenantScope,
): Promise<WebhookRecord | undefined> {
  const { rows } = await database.query<WebhookRow>(
    `SELECT ${COLUMNS} FROM webhooks WHERE id = $1 AND ${IS_SEEN} AND ($2::text[] IS NULL OR tenant_id = ANY ($2))`,
    [webhookId, tenants === 'all' ? null : tenants],
  );
  return rows[0] && toRecord(rows[0]);
}

function closeWebhook(database: Database, webhookId: string, tenants: TenantScope): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const closed = await transaction.query(
      `UPDATE webhooks SET closed_at = now() WHERE id = $1 AND ${IS_SEEN} AND ($2::text[] IS NULL OR tenant_id = ANY ($2))`,
      [webhookId, tenants === 'all' ? null : tenants],
    );
    if (closed.rowCount === 0) return false;
    await transaction.query('DELETE FROM idempotency_keys WHERE thing_id = $1', [webhookId]);
    return true;
  });
}
