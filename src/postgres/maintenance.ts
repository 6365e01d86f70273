import type { EachPart, RecordMaintenance, Retention } from '../ports/record-maintenance.js';
import { dropOldPartitions } from './partition-retention.js';
import { ensureEventPartitions } from './partitions.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';

/** The contract's promise, whatever the setting says. */
const LEAST_KEY_HOURS = 24;
/** How long after a run's end its workflow or a producer may still repeat something. */
const AFTER_END_HOURS = 24;
/** A draft of a task that nobody has opened nor tried to for so long was given up. */
const STALE_DRAFT_HOURS = 24;
/** After a long pause there may be much to delete. */
const TIMEOUT_MS = 300_000;

/** What one pass did, in rows but for the first two; undefined where that part failed. */
export interface MaintenanceReport extends Record<string, unknown> {
  readonly partitionsMade: number | undefined;
  readonly partitionsDropped: readonly string[] | undefined;
  readonly keysDeleted: number | undefined;
  readonly notesDeleted: number | undefined;
  readonly commandDraftsDeleted: number | undefined;
  readonly taskDraftsDeleted: number | undefined;
  readonly producersDeleted: number | undefined;
  readonly deliveriesDeleted: number | undefined;
}

export interface Maintenance extends RecordMaintenance {
  maintain(retention: Retention, each?: EachPart): Promise<MaintenanceReport>;
}

export function createMaintenance(database: Database): Maintenance {
  return {
    maintain: (retention, each = together) =>
      database.session(TIMEOUT_MS, (connection) => maintain(connection, retention, each)),

    async listStaleDrafts(olderThanMs, limit) {
      const { rows } = await database.query<{ id: string; workflow_id: string }>(
        `SELECT id, workflow_id FROM runs WHERE opened_at IS NULL AND created_at < now() - $1 * interval '1 ms'
         ORDER BY created_at LIMIT $2`,
        [olderThanMs, limit],
      );
      return rows.map((row) => ({ runId: row.id, workflowId: row.workflow_id }));
    },

    async listRunsToRelease(endedBeforeMs, limit) {
      const { rows } = await database.query<{ id: string }>(
        `SELECT id FROM runs WHERE finished_at < now() - $1 * interval '1 ms' AND session_id IS NULL
           AND volume_released_at IS NULL ORDER BY finished_at LIMIT $2`,
        [endedBeforeMs, limit],
      );
      return rows.map((row) => row.id);
    },

    async markVolumeReleased(runId) {
      await database.query('UPDATE runs SET volume_released_at = now() WHERE id = $1', [runId]);
    },
  };
}

/** The first part that fails fails them all. */
const together: EachPart = async (_, work) => work();

async function maintain(connection: Queryable, retention: Retention, each: EachPart): Promise<MaintenanceReport> {
  const rows = async (what: string, statement: string, hours: number) =>
    each(what, async () => rowsOf(connection, statement, hours));
  const keyHours = Math.max(LEAST_KEY_HOURS, retention.idempotencyRetentionHours);
  return {
    partitionsMade: await each('partitions ahead', async () => ensureEventPartitions(connection)),
    partitionsDropped: await each('old partitions', async () =>
      dropOldPartitions(connection, retention.eventRetentionDays),
    ),
    // Drafts first: their keys go with them.
    commandDraftsDeleted: await rows('drafts of commands', COMMAND_DRAFTS, AFTER_END_HOURS),
    taskDraftsDeleted: await rows('drafts of tasks', TASK_DRAFTS, STALE_DRAFT_HOURS),
    keysDeleted: await rows('idempotency keys', KEYS, keyHours),
    notesDeleted: await rows('notes', NOTES, AFTER_END_HOURS),
    producersDeleted: await rows('producers of events', PRODUCERS, AFTER_END_HOURS),
    deliveriesDeleted: await rows('deliveries', DELIVERIES, 24 * retention.webhookLogRetentionDays),
  };
}

/** Of runs that ended: no workflow is left that could open them. And what was sent to a session, and not repeated for long. */
const COMMAND_DRAFTS = `WITH deleted AS (
    DELETE FROM commands c WHERE c.seq IS NULL AND CASE WHEN c.run_id IS NULL
      THEN c.updated_at < now() - $1 * interval '1 hour'
      ELSE EXISTS (SELECT FROM runs r WHERE r.id = c.run_id AND r.finished_at < now() - $1 * interval '1 hour') END
    RETURNING c.id
  ), freed AS (DELETE FROM idempotency_keys k USING deleted WHERE k.thing_id = deleted.id)
  SELECT FROM deleted`;

const TASK_DRAFTS = `WITH deleted AS (
    DELETE FROM tasks t WHERE t.opened_at IS NULL AND t.updated_at < now() - $1 * interval '1 hour' RETURNING t.id
  ), freed AS (DELETE FROM idempotency_keys k USING deleted WHERE k.thing_id = deleted.id)
  SELECT FROM deleted`;

/** Keys of drafts stay with their drafts. */
const KEYS = `DELETE FROM idempotency_keys k WHERE k.created_at < now() - $1 * interval '1 hour'
  AND NOT EXISTS (SELECT FROM runs r WHERE r.id = k.thing_id AND r.opened_at IS NULL)
  AND NOT EXISTS (SELECT FROM commands c WHERE c.id = k.thing_id AND c.seq IS NULL)
  AND NOT EXISTS (SELECT FROM tasks t WHERE t.id = k.thing_id AND t.opened_at IS NULL)`;

/** The records keep a note's text; the workflow of a live run or task may name the note again in its next snapshot. */
const NOTES = `DELETE FROM notes n WHERE n.created_at < now() - $1 * interval '1 hour'
  AND NOT EXISTS (SELECT FROM runs r WHERE r.id = n.run_id
    AND (r.finished_at IS NULL OR r.finished_at > now() - $1 * interval '1 hour'))
  AND NOT EXISTS (SELECT FROM tasks t WHERE t.id = n.run_id
    AND (t.finished_at IS NULL OR t.finished_at > now() - $1 * interval '1 hour'))`;

const PRODUCERS = `DELETE FROM event_producers p USING run_streams s
  WHERE s.run_id = p.run_id AND s.closed AND s.last_event_at < now() - $1 * interval '1 hour'`;

/** One that is still to be made stays, however old. */
const DELIVERIES = `DELETE FROM webhook_deliveries WHERE state <> 'pending' AND updated_at < now() - $1 * interval '1 hour'`;

async function rowsOf(connection: Queryable, statement: string, hours: number): Promise<number> {
  return (await connection.query(statement, [hours])).rowCount ?? 0;
}
