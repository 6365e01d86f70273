import { QUEUE_LIMITS, SLOT_PHASES } from '../domain/task-lifecycle.js';
import type { SlotRecords } from '../domain/task-messages.js';
import type { Database } from './pool.js';
import { getQueue } from './queues.js';

const LIVES = `t.state IN ('pending', 'running') AND t.opened_at IS NOT NULL`;
const OPEN = `t.queue = $1 AND ${LIVES}`;
const HOLDS = `t.phase = ANY ($2)`;
const WAITS = `t.phase = 'waiting-for-slot'`;

interface HoldingRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly attempt: number;
}

interface WaitingRow extends HoldingRow {
  readonly priority: number;
  readonly created_at: Date;
}

const HOLDING = `SELECT t.id, t.tenant_id, t.attempt FROM tasks t WHERE ${OPEN} AND ${HOLDS} ORDER BY t.created_at, t.id`;

/** In the order of `firstInOrder`. `$2`: the weights. */
const WAITING = `SELECT w.id, w.tenant_id, w.attempt, w.priority, w.created_at FROM (
    SELECT t.id, t.tenant_id, t.attempt, t.priority, t.created_at,
      row_number() OVER (PARTITION BY t.priority, t.tenant_id ORDER BY t.created_at, t.id)
      / coalesce(($2::json ->> t.tenant_id)::float, 1) AS share
    FROM tasks t WHERE ${OPEN} AND ${WAITS}
  ) w ORDER BY w.priority DESC, w.share, w.created_at, w.id LIMIT $3`;

/** See `TaskStore.slots`. A task that waits has not begun the attempt that it wants a slot for. */
export async function readSlots(
  database: Database,
  queue: string,
  limit: number = QUEUE_LIMITS.carried,
): Promise<SlotRecords> {
  const { concurrency, paused, weights } = await getQueue(database, queue);
  // First those that wait: one that gets its slot in between is told twice, and not left out.
  const asked = [queue, JSON.stringify(weights), limit + 1];
  const { rows: waiting } = await database.query<WaitingRow>(WAITING, asked);
  const { rows: holding } = await database.query<HoldingRow>(HOLDING, [queue, [...SLOT_PHASES]]);
  return {
    settings: { concurrency, paused, weights },
    waiting: waiting.slice(0, limit).map(toWanted),
    ...(waiting.length > limit && { more: true }),
    holding: holding.map((row) => ({ taskId: row.id, attempt: row.attempt, tenantId: row.tenant_id })),
  };
}

function toWanted(row: WaitingRow): SlotRecords['waiting'][number] {
  return {
    taskId: row.id,
    attempt: row.attempt + 1,
    tenantId: row.tenant_id,
    priority: row.priority,
    sinceMs: row.created_at.getTime(),
  };
}

/** See `TaskStore.listInQueue`. */
export async function listInQueue(database: Database, queue: string): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(
    `SELECT t.id FROM tasks t WHERE ${OPEN} AND (${HOLDS} OR ${WAITS}) ORDER BY ${WAITS}, t.created_at, t.id`,
    [queue, [...SLOT_PHASES]],
  );
  return rows.map((row) => row.id);
}

/** See `TaskStore.listQueuesAtWork`. */
export async function listQueuesAtWork(database: Database, limit: number): Promise<string[]> {
  const { rows } = await database.query<{ queue: string }>(
    `SELECT DISTINCT t.queue FROM tasks t WHERE ${LIVES} AND (${HOLDS} OR ${WAITS}) ORDER BY t.queue LIMIT $1`,
    [limit, [...SLOT_PHASES]],
  );
  return rows.map((row) => row.queue);
}

/** See `TaskStore.listOverdue`. */
export async function listOverdue(database: Database, lateMs: number, limit: number): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(
    `SELECT t.id FROM tasks t WHERE ${LIVES} AND t.phase IN ('waiting-until', 'waiting-to-retry')
       AND t.waiting_until < now() - $1 * interval '1 ms' ORDER BY t.waiting_until LIMIT $2`,
    [lateMs, limit],
  );
  return rows.map((row) => row.id);
}
