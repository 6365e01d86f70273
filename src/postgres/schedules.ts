import type { ScheduledTaskBody } from '../contract/schedule.js';
import { conflict } from '../domain/errors.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import type { OverlapPolicy } from '../domain/schedules.js';
import type { Reservation } from '../ports/reservation.js';
import type { Drafted } from '../ports/run-store.js';
import type {
  KnownOutcome,
  ScheduledOutcome,
  ScheduleDraft,
  ScheduleFilter,
  ScheduleRow,
  ScheduleStore,
} from '../ports/schedule-store.js';
import { afterCreation, pageOf } from './cursor.js';
import { newestFirst } from './newest-first.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { reserve } from './reservations.js';
import { isoOrNull } from './run-mapping.js';

export function createScheduleStore(database: Database): ScheduleStore {
  return {
    draft: (draft, reservation) => draftSchedule(database, draft, reservation),
    async isMade(scheduleId, bodyHash, tenants) {
      const { rowCount } = await database.query(
        `SELECT FROM schedules WHERE id = $1 AND body_hash = $2 AND opened_at IS NOT NULL
           AND ($3::text[] IS NULL OR tenant_id = ANY ($3))`,
        [scheduleId, bodyHash, tenants === 'all' ? null : tenants],
      );
      return rowCount === 1;
    },

    dropDraft: (scheduleId, bodyHash) => remove(database, scheduleId, 'opened_at IS NULL', bodyHash),

    async open(scheduleId, bodyHash) {
      const { rowCount } = await database.query(
        `UPDATE schedules SET opened_at = coalesce(opened_at, now()) WHERE id = $1 AND body_hash = coalesce($2, body_hash)`,
        [scheduleId, bodyHash ?? null],
      );
      return rowCount === 1;
    },

    async find(scheduleId) {
      const { rows } = await database.query<Row>('SELECT * FROM schedules WHERE id = $1', [scheduleId]);
      return rows[0] && toRow(rows[0]);
    },

    async get(scheduleId, tenants) {
      const { rows } = await database.query<Row>(
        `SELECT * FROM schedules WHERE id = $1 AND opened_at IS NOT NULL AND ($2::text[] IS NULL OR tenant_id = ANY ($2))`,
        [scheduleId, tenants === 'all' ? null : tenants],
      );
      return rows[0] && toRow(rows[0]);
    },

    list: (filter) => listSchedules(database, filter),

    async setPaused(scheduleId, paused) {
      await database.query('UPDATE schedules SET paused = $2, updated_at = now() WHERE id = $1 AND paused <> $2', [
        scheduleId,
        paused,
      ]);
    },

    remove: (scheduleId) => remove(database, scheduleId, 'true'),

    async listStaleDrafts(olderThanMs, limit) {
      const { rows } = await database.query<{ id: string }>(
        `SELECT id FROM schedules WHERE opened_at IS NULL AND updated_at < now() - $1 * interval '1 ms' LIMIT $2`,
        [olderThanMs, limit],
      );
      return rows.map((row) => row.id);
    },

    recordOutcome: (scheduleId, outcome) => recordOutcome(database, scheduleId, outcome),

    outcomes: (scheduleIds) => readOutcomes(database, scheduleIds),
  };
}

const LIST = { list: 'schedules', columns: '*', table: 'schedules', seen: 'opened_at IS NOT NULL' };
/** More than Temporal tells of. */
const KEPT_OUTCOMES = 50;

interface Row {
  readonly id: string;
  readonly tenant_id: string;
  readonly cron: string | null;
  readonly interval_ms: number | null;
  readonly time_zone: string;
  readonly overlap_policy: OverlapPolicy;
  readonly jitter_ms: number;
  readonly start_at: Date | null;
  readonly end_at: Date | null;
  readonly catchup_window_ms: number;
  readonly paused: boolean;
  readonly task: ScheduledTaskBody;
  readonly created_at: Date;
  readonly updated_at: Date;
}

function toRow(row: Row): ScheduleRow {
  return {
    definition: {
      scheduleId: row.id,
      tenantId: row.tenant_id,
      cron: row.cron,
      intervalMs: row.interval_ms,
      timeZone: row.time_zone,
      overlapPolicy: row.overlap_policy,
      jitterMs: row.jitter_ms,
      startAt: isoOrNull(row.start_at),
      endAt: isoOrNull(row.end_at),
      catchupWindowMs: row.catchup_window_ms,
      paused: row.paused,
    },
    task: row.task,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** Clients choose a schedule's id: it must not pass for another thing's. */
const thingId = (scheduleId: string) => `schedule:${scheduleId}`;

function draftSchedule(database: Database, draft: ScheduleDraft, reservation?: Reservation): Promise<Drafted> {
  const { scheduleId } = draft.definition;
  return database.transaction(async (transaction) => {
    const join = async (thing: string) => joinDraft(transaction, thing, draft.bodyHash);
    const found = reservation && (await reserve(transaction, reservation, thingId(scheduleId), join));
    return found ?? (await insertOrFind(transaction, draft));
  });
}

/** In the words of this request: those of a draft may have been replaced meanwhile. */
async function joinDraft(transaction: Queryable, thing: string, bodyHash: string): Promise<Drafted | undefined> {
  const { rows } = await transaction.query<{ id: string; opened: boolean }>(
    `UPDATE schedules SET updated_at = CASE WHEN opened_at IS NULL THEN now() ELSE updated_at END
     WHERE 'schedule:' || id = $1 AND body_hash = $2 RETURNING id, opened_at IS NOT NULL AS opened`,
    [thing, bodyHash],
  );
  return rows[0];
}

/** Longer than a request takes to give its draft to Temporal: until then nobody else gives that another one of this name. */
const BEING_MADE = `interval '30 seconds'`;

const INSERT = `INSERT INTO schedules AS s (id, tenant_id, cron, interval_ms, time_zone, overlap_policy, jitter_ms, start_at, end_at,
    catchup_window_ms, paused, task, body_hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  ON CONFLICT (id) DO UPDATE SET cron = excluded.cron, interval_ms = excluded.interval_ms, time_zone = excluded.time_zone,
    overlap_policy = excluded.overlap_policy, jitter_ms = excluded.jitter_ms, start_at = excluded.start_at,
    end_at = excluded.end_at, catchup_window_ms = excluded.catchup_window_ms, paused = excluded.paused, task = excluded.task,
    body_hash = excluded.body_hash, updated_at = now()
  WHERE s.opened_at IS NULL AND s.tenant_id = excluded.tenant_id
    AND (s.body_hash = excluded.body_hash OR s.updated_at < now() - ${BEING_MADE})`;

async function insertOrFind(transaction: Queryable, { definition, task, bodyHash }: ScheduleDraft): Promise<Drafted> {
  const id = definition.scheduleId;
  const { rowCount } = await transaction.query(INSERT, [
    id,
    definition.tenantId,
    definition.cron,
    definition.intervalMs,
    definition.timeZone,
    definition.overlapPolicy,
    definition.jitterMs,
    definition.startAt,
    definition.endAt,
    definition.catchupWindowMs,
    definition.paused,
    JSON.stringify(task),
    bodyHash,
  ]);
  if (rowCount === 1) return { id, opened: false };
  const { rows } = await transaction.query<{ same: boolean; opened: boolean }>(
    `SELECT tenant_id = $2 AND body_hash = $3 AS same, opened_at IS NOT NULL AS opened FROM schedules WHERE id = $1`,
    [id, definition.tenantId, bodyHash],
  );
  const [found] = rows;
  if (found?.same === true) return { id, opened: found.opened };
  // Says nothing of whose it is.
  throw conflict('scheduleId is taken', { field: 'scheduleId', scheduleId: id });
}

async function listSchedules(
  database: Database,
  filter: ScheduleFilter,
): Promise<{ items: ScheduleRow[]; nextCursor?: string }> {
  const { rows } = await database.query<Row>(...newestFirst(LIST, filter));
  return pageOf(rows, filter.limit, toRow, afterCreation(LIST.list));
}

function remove(database: Database, scheduleId: string, which: string, bodyHash?: string): Promise<void> {
  return database.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(
      `DELETE FROM schedules WHERE id = $1 AND ${which} AND body_hash = coalesce($2, body_hash)`,
      [scheduleId, bodyHash ?? null],
    );
    if (rowCount === 0) return;
    await transaction.query('DELETE FROM idempotency_keys WHERE thing_id = $1', [thingId(scheduleId)]);
  });
}

function recordOutcome(database: Database, scheduleId: string, outcome: ScheduledOutcome): Promise<void> {
  return database.transaction(async (transaction) => {
    await transaction.query(
      `INSERT INTO schedule_outcomes (schedule_id, action_id, task_id, failure_kind, failure_message)
       SELECT id, $2, $3, $4, $5 FROM schedules WHERE id = $1
       ON CONFLICT (schedule_id, action_id) DO UPDATE SET task_id = excluded.task_id,
         failure_kind = excluded.failure_kind, failure_message = excluded.failure_message`,
      [scheduleId, outcome.actionId, outcome.taskId, outcome.failureKind, outcome.failureMessage],
    );
    await transaction.query(
      `DELETE FROM schedule_outcomes WHERE schedule_id = $1 AND created_at < (
         SELECT created_at FROM schedule_outcomes WHERE schedule_id = $1 ORDER BY created_at DESC OFFSET $2 LIMIT 1)`,
      [scheduleId, KEPT_OUTCOMES - 1],
    );
  });
}

interface OutcomeRow {
  readonly schedule_id: string;
  readonly action_id: string;
  readonly task_id: string | null;
  readonly failure_kind: FailureKind | null;
  readonly failure_message: string | null;
  readonly active: boolean;
}

async function readOutcomes(
  database: Database,
  scheduleIds: readonly string[],
): Promise<ReadonlyMap<string, KnownOutcome[]>> {
  const { rows } = await database.query<OutcomeRow>(
    `SELECT o.schedule_id, o.action_id, o.task_id, o.failure_kind, o.failure_message,
       coalesce(t.state IN ('pending', 'running'), false) AS active
     FROM schedule_outcomes o LEFT JOIN tasks t ON t.id = o.task_id
     WHERE o.schedule_id = ANY ($1) ORDER BY o.created_at DESC`,
    [scheduleIds],
  );
  const outcomes = new Map<string, KnownOutcome[]>(scheduleIds.map((id) => [id, []]));
  for (const row of rows) outcomes.get(row.schedule_id)?.push(toOutcome(row));
  return outcomes;
}

function toOutcome(row: OutcomeRow): KnownOutcome {
  return {
    actionId: row.action_id,
    taskId: row.task_id,
    failureKind: row.failure_kind,
    failureMessage: row.failure_message,
    isActive: row.active,
  };
}
