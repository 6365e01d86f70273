import type { QueueRecord, QueueUpdate } from '../contract/queue.js';
import { QUEUE_DEFAULTS } from '../domain/task-lifecycle.js';
import type { QueueFilter } from '../ports/task-store.js';
import { decodeNameCursor, encodeNameCursor, pageOf } from './cursor.js';
import type { Database } from './pool.js';
import { isoOrNull } from './run-mapping.js';
import { firstRow } from './rows.js';

const LIST = 'queues';

const COLUMNS = `q.name, q.concurrency, q.paused, q.auto_dispatch, q.max_pending, q.weights, q.updated_at`;

interface QueueRow {
  readonly name: string;
  readonly concurrency: number;
  readonly paused: boolean;
  readonly auto_dispatch: boolean;
  readonly max_pending: number;
  readonly weights: QueueRecord['weights'];
  readonly updated_at: Date;
}

/** Of a name that may have no row. */
type MaybeQueueRow = Pick<QueueRow, 'name'> & { readonly [K in keyof QueueRow]: QueueRow[K] | null };

export async function getQueue(database: Database, name: string): Promise<QueueRecord> {
  const { rows } = await database.query<QueueRow>(`SELECT ${COLUMNS} FROM queues q WHERE q.name = $1`, [name]);
  return toQueueRecord(rows[0] ?? unset(name));
}

/** In one statement, so that two that change different settings at once both count. */
export async function updateQueue(database: Database, name: string, update: QueueUpdate): Promise<QueueRecord> {
  const updated = await database.query<QueueRow>(
    `INSERT INTO queues AS q (name, concurrency, paused, auto_dispatch, max_pending, weights)
     VALUES ($1, coalesce($2::int, $7), coalesce($3::boolean, $8), coalesce($4::boolean, $9),
       coalesce($5::int, $10), coalesce($6::json, '{}'))
     ON CONFLICT (name) DO UPDATE SET concurrency = coalesce($2, q.concurrency), paused = coalesce($3, q.paused),
       auto_dispatch = coalesce($4, q.auto_dispatch), max_pending = coalesce($5, q.max_pending),
       weights = coalesce($6::json, q.weights), updated_at = now()
     RETURNING ${COLUMNS}`,
    [
      name,
      update.concurrency ?? null,
      update.paused ?? null,
      update.autoDispatch ?? null,
      update.maxPending ?? null,
      update.weights === undefined ? null : JSON.stringify(update.weights),
      QUEUE_DEFAULTS.concurrency,
      QUEUE_DEFAULTS.paused,
      QUEUE_DEFAULTS.autoDispatch,
      QUEUE_DEFAULTS.maxPending,
    ],
  );
  return toQueueRecord(firstRow(updated));
}

/** From name to name by the index, one look-up each: tasks are many, their queues few. */
const NAMES_OF_TASKS = `WITH RECURSIVE named AS (
    (SELECT t.queue FROM tasks t WHERE t.opened_at IS NOT NULL ORDER BY t.queue LIMIT 1)
    UNION ALL
    SELECT (SELECT t.queue FROM tasks t WHERE t.opened_at IS NOT NULL AND t.queue > named.queue ORDER BY t.queue LIMIT 1)
    FROM named WHERE named.queue IS NOT NULL
  )`;

const SEEN = `EXISTS (SELECT FROM tasks t WHERE t.queue = named.queue AND t.opened_at IS NOT NULL AND t.tenant_id = ANY ($1))`;

export async function listQueues(
  database: Database,
  { tenants, limit, cursor }: QueueFilter,
): Promise<{ items: QueueRecord[]; nextCursor?: string }> {
  const { rows } = await database.query<MaybeQueueRow>(
    `${NAMES_OF_TASKS}, names AS (
       SELECT q.name FROM queues q
       UNION SELECT named.queue FROM named WHERE named.queue IS NOT NULL AND ($1::text[] IS NULL OR ${SEEN})
     )
     SELECT ${COLUMNS}, names.name FROM names LEFT JOIN queues q ON q.name = names.name
     WHERE names.name > $2 ORDER BY names.name LIMIT $3`,
    [tenants === 'all' ? null : tenants, cursor === undefined ? '' : decodeNameCursor(LIST, cursor), limit + 1],
  );
  return pageOf(rows, limit, toQueueRecord, (last) => encodeNameCursor(LIST, last.name));
}

function toQueueRecord(row: MaybeQueueRow): QueueRecord {
  return {
    name: row.name,
    concurrency: row.concurrency ?? QUEUE_DEFAULTS.concurrency,
    paused: row.paused ?? QUEUE_DEFAULTS.paused,
    autoDispatch: row.auto_dispatch ?? QUEUE_DEFAULTS.autoDispatch,
    maxPending: row.max_pending ?? QUEUE_DEFAULTS.maxPending,
    weights: row.weights ?? {},
    updatedAt: isoOrNull(row.updated_at),
    valuesPrinted: false,
  };
}

function unset(name: string): MaybeQueueRow {
  return {
    name,
    concurrency: null,
    paused: null,
    auto_dispatch: null,
    max_pending: null,
    weights: null,
    updated_at: null,
  };
}
