import type { QueueStats } from '../contract/queue.js';
import { BY_URGENCY, NEEDS_ATTENTION } from '../domain/attention.js';
import type { TenantScope } from '../ports/run-store.js';
import type { TasksToMind } from '../ports/task-store.js';
import { LEASE_OVER } from './leases.js';
import type { Database } from './pool.js';
import { firstRow } from './rows.js';
import { TASK_COLUMNS, toTaskRecord, type TaskColumns } from './task-mapping.js';
import { FROM_TASKS } from './tasks.js';

interface Board {
  readonly tenants: TenantScope;
  readonly queue?: string;
}

/** Tasks that something works for: few, however many there were. A session between turns does not work. */
const AT_WORK = `SELECT w.task_id, w.active, coalesce(${LEASE_OVER}, false) AS stalled
  FROM (
    SELECT n.task_id, true AS active, coalesce(s.active_run_id, n.run_id) AS run_id
      FROM sessions s JOIN task_attempts n ON n.session_id = s.id
      JOIN tasks t ON t.id = n.task_id AND t.attempt = n.attempt AND t.tenant_id = s.tenant_id
      WHERE s.execution_state IN ('pending', 'running')
    UNION ALL
    SELECT t.id, false, n.run_id FROM tasks t JOIN task_attempts n ON n.task_id = t.id AND n.attempt = t.attempt
      LEFT JOIN sessions s ON s.id = n.session_id AND s.tenant_id = t.tenant_id
      WHERE t.state = 'running' AND coalesce(s.execution_state NOT IN ('pending', 'running'), true)
  ) w CROSS JOIN api_liveness a LEFT JOIN run_leases l ON l.run_id = w.run_id AND l.alive`;

/** In the words of `attentionState`, and as that decides. */
const ATTENTION = `CASE WHEN f.stalled THEN 'stalled' WHEN f.active THEN 'active-session'
    WHEN f.state = 'blocked' THEN CASE WHEN f.failure_kind IS NULL THEN 'needs-input' ELSE 'blocked' END
    WHEN NOT f.unread THEN 'none' WHEN f.state = 'failed' THEN 'failed' ELSE 'unread' END`;

const FACTS = `SELECT t.id, t.state, t.failure_kind, t.priority, t.updated_at, t.news > coalesce(m.seen, 0) AS unread,
    coalesce(w.active, false) AS active, coalesce(w.stalled, false) AS stalled
  FROM tasks t LEFT JOIN task_readers m ON m.task_id = t.id AND m.reader_id = $1
    LEFT JOIN at_work w ON w.task_id = t.id
  WHERE t.opened_at IS NOT NULL AND ($2::text[] IS NULL OR t.tenant_id = ANY ($2)) AND ($3::text IS NULL OR t.queue = $3)
    AND (t.news > coalesce(m.seen, 0) OR w.active OR w.stalled OR t.state = 'blocked')`;

const TO_MIND = `WITH at_work AS MATERIALIZED (${AT_WORK}),
  minded AS MATERIALIZED (SELECT f.id, f.unread, f.active, f.priority, f.updated_at, ${ATTENTION} AS attention FROM (${FACTS}) f),
  counts AS (
    SELECT count(*) AS count, count(*) FILTER (WHERE active) AS active_sessions, count(*) FILTER (WHERE unread) AS unread,
      count(*) FILTER (WHERE attention = ANY ($5::text[])) AS attention
    FROM minded
  )
  SELECT minded.id, counts.* FROM minded CROSS JOIN counts
  ORDER BY array_position($6::text[], minded.attention), minded.priority DESC, minded.updated_at DESC, minded.id LIMIT $4`;

interface MindedRow {
  readonly id: string;
  readonly count: number;
  readonly active_sessions: number;
  readonly unread: number;
  readonly attention: number;
}

export async function listToMind(
  database: Database,
  { tenants, queue, readerId, limit }: Board & { readerId: string; limit: number },
): Promise<TasksToMind> {
  const seen = [readerId, tenants === 'all' ? null : tenants, queue ?? null];
  const values = [...seen, limit, [...NEEDS_ATTENTION], [...BY_URGENCY]];
  const { rows } = await database.query<MindedRow>(TO_MIND, values);
  const items = await getRecords(
    database,
    readerId,
    rows.map((row) => row.id),
  );
  return {
    items,
    count: rows[0]?.count ?? 0,
    activeSessionCount: rows[0]?.active_sessions ?? 0,
    unreadCount: rows[0]?.unread ?? 0,
    attentionCount: rows[0]?.attention ?? 0,
  };
}

/** In the order of their ids here. */
async function getRecords(database: Database, readerId: string, ids: readonly string[]) {
  const { rows } = await database.query<TaskColumns>(
    `SELECT ${TASK_COLUMNS} ${FROM_TASKS} WHERE t.id = ANY ($2::text[]) ORDER BY array_position($2::text[], t.id)`,
    [readerId, ids],
  );
  return rows.map(toTaskRecord);
}

const counted = (condition: string) => `count(*) FILTER (WHERE ${condition})`;
const ageMs = (time: string) => `(extract(epoch FROM now() - ${time}) * 1000)::bigint`;

const SEEN = `t.opened_at IS NOT NULL AND ($1::text[] IS NULL OR t.tenant_id = ANY ($1)) AND ($2::text IS NULL OR t.queue = $2)`;
const LAST_HOUR = `t.finished_at > now() - interval '1 hour'`;

const STATS = `SELECT
    ${counted(`t.state = 'pending'`)} AS pending, ${counted(`t.state = 'running'`)} AS running,
    ${counted(`t.state = 'completed'`)} AS completed, ${counted(`t.state = 'failed'`)} AS failed,
    ${counted(`t.state = 'blocked'`)} AS blocked, ${counted(`t.state = 'cancelled'`)} AS cancelled,
    ${counted(`t.phase = 'waiting-for-dispatch'`)} AS for_dispatch, ${counted(`t.phase = 'waiting-until'`)} AS until_time,
    ${counted(`t.phase = 'waiting-for-slot'`)} AS for_slot, ${counted(`t.phase = 'waiting-to-retry'`)} AS to_retry,
    ${ageMs(`min(t.slot_wanted_at) FILTER (WHERE t.phase = 'waiting-for-slot')`)} AS slot_wait_ms,
    ${counted(`t.finished_at > now() - interval '1 minute'`)} AS ended_last_minute, ${counted(LAST_HOUR)} AS ended_last_hour,
    ${counted(`${LAST_HOUR} AND t.state = 'completed'`)} AS completed_last_hour,
    ${counted(`${LAST_HOUR} AND t.state = 'failed'`)} AS failed_last_hour
  FROM tasks t WHERE ${SEEN}`;

const OLDEST_PENDING = `SELECT t.id, ${ageMs('t.created_at')} AS age_ms FROM tasks t
  WHERE ${SEEN} AND t.state = 'pending' ORDER BY t.created_at, t.id LIMIT 1`;

type StatsRow = Record<
  | keyof QueueStats['counts']
  | 'for_dispatch'
  | 'until_time'
  | 'for_slot'
  | 'to_retry'
  | 'ended_last_minute'
  | 'ended_last_hour'
  | 'completed_last_hour'
  | 'failed_last_hour',
  number
> & { readonly slot_wait_ms: number | null };

export async function readStats(database: Database, { tenants, queue }: Board): Promise<Omit<QueueStats, 'settings'>> {
  const values = [tenants === 'all' ? null : tenants, queue ?? null];
  const counts = firstRow(await database.query<StatsRow>(STATS, values));
  const { rows } = await database.query<{ id: string; age_ms: number }>(OLDEST_PENDING, values);
  const { pending, running, completed, failed, blocked, cancelled } = counts;
  return {
    queue: queue ?? null,
    counts: { pending, running, completed, failed, blocked, cancelled },
    waiting: {
      forDispatch: counts.for_dispatch,
      untilTime: counts.until_time,
      forSlot: counts.for_slot,
      toRetry: counts.to_retry,
    },
    running,
    oldestPendingAgeMs: notNegative(rows[0]?.age_ms),
    oldestPendingTaskId: rows[0]?.id ?? null,
    longestSlotWaitMs: notNegative(counts.slot_wait_ms),
    throughput: {
      endedLastMinute: counts.ended_last_minute,
      endedLastHour: counts.ended_last_hour,
      completedLastHour: counts.completed_last_hour,
      failedLastHour: counts.failed_last_hour,
    },
    valuesPrinted: false,
  };
}

/** The workflow's clock may be ahead of the database's. */
function notNegative(ageMs: number | null | undefined): number | null {
  return typeof ageMs === 'number' ? Math.max(0, ageMs) : null;
}
