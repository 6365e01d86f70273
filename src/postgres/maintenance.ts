import { deleteDraft, type DraftKind } from './drafts.js';
import { dropOldPartitions } from './partition-retention.js';
import { ensureEventPartitions } from './partitions.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';

export interface RetentionSettings {
  /** Events are dropped by the week, when the whole week is older than this. */
  readonly eventRetentionDays: number;
  /** At least 24. */
  readonly idempotencyRetentionHours: number;
  /** Notes of ended runs; the run's record keeps its text. */
  readonly noteRetentionDays: number;
}

export interface MaintenanceReport {
  readonly partitionsMade: number;
  readonly partitionsDropped: readonly string[];
  readonly keysDeleted: number;
  readonly notesDeleted: number;
  readonly producersDeleted: number;
}

/** A run or command that was written but never opened: its caller died, or its workflow refused it. */
export interface StaleDraft {
  readonly kind: DraftKind;
  readonly id: string;
  /** Where to ask whether it was accepted after all, and its projection is only late. */
  readonly workflowId: string;
}

export interface Maintenance {
  /** Makes partitions ahead and deletes what is past its time. Harmless to run in several processes. */
  maintain(settings: RetentionSettings): Promise<MaintenanceReport>;
  /** Drafts older than `olderThanMs` (an hour is plenty), oldest first. Ask their workflows before deleting them. */
  listStaleDrafts(query: { olderThanMs: number; limit: number }): Promise<StaleDraft[]>;
  /** Takes away a draft and its reservation; false when it has been opened. */
  deleteDraft(draft: Pick<StaleDraft, 'kind' | 'id'>): Promise<boolean>;
}

const LEAST_KEY_HOURS = 24;
/** Of an ended run: how long a producer may still repeat a batch whose answer it did not get. */
const PRODUCER_HOURS = 24;
/** Deletes may be long after a long pause. */
const TIMEOUT_MS = 300_000;

export function createMaintenance(database: Database): Maintenance {
  return {
    maintain: (settings) => database.session(TIMEOUT_MS, (connection) => maintain(connection, settings)),
    listStaleDrafts: (query) => listStaleDrafts(database, query),
    deleteDraft: ({ kind, id }) => database.transaction((transaction) => deleteDraft(transaction, kind, id)),
  };
}

async function maintain(connection: Queryable, settings: RetentionSettings): Promise<MaintenanceReport> {
  return {
    partitionsMade: await ensureEventPartitions(connection),
    partitionsDropped: await dropOldPartitions(connection, settings.eventRetentionDays),
    keysDeleted: await deleteKeys(connection, Math.max(LEAST_KEY_HOURS, settings.idempotencyRetentionHours)),
    notesDeleted: await deleteNotes(connection, settings.noteRetentionDays),
    producersDeleted: await deleteProducers(connection),
  };
}

/** Keys of drafts stay with their drafts. */
async function deleteKeys(connection: Queryable, hours: number): Promise<number> {
  const { rowCount } = await connection.query(
    `DELETE FROM idempotency_keys k WHERE k.created_at < now() - $1 * interval '1 hour'
       AND NOT EXISTS (SELECT FROM runs r WHERE r.id = k.thing_id AND r.opened_at IS NULL)
       AND NOT EXISTS (SELECT FROM commands c WHERE c.id = k.thing_id AND c.seq IS NULL)`,
    [hours],
  );
  return rowCount ?? 0;
}

/** A live run's workflow may name its notes again in the next snapshot. */
async function deleteNotes(connection: Queryable, days: number): Promise<number> {
  const { rowCount } = await connection.query(
    `DELETE FROM notes n WHERE n.created_at < now() - $1 * interval '1 day'
       AND NOT EXISTS (SELECT FROM runs r WHERE r.id = n.run_id AND r.finished_at IS NULL)`,
    [days],
  );
  return rowCount ?? 0;
}

async function deleteProducers(connection: Queryable): Promise<number> {
  const { rowCount } = await connection.query(
    `DELETE FROM event_producers p USING run_streams s WHERE s.run_id = p.run_id AND s.closed
       AND s.last_event_at < now() - $1 * interval '1 hour'`,
    [PRODUCER_HOURS],
  );
  return rowCount ?? 0;
}

async function listStaleDrafts(
  database: Database,
  query: { olderThanMs: number; limit: number },
): Promise<StaleDraft[]> {
  const { rows } = await database.query<{ kind: DraftKind; id: string; workflow_id: string }>(
    `(SELECT 'run' AS kind, r.id, r.workflow_id, r.created_at FROM runs r
       WHERE r.opened_at IS NULL AND r.created_at < now() - $1 * interval '1 ms' ORDER BY r.created_at LIMIT $2)
     UNION ALL
     (SELECT 'command', c.id, r.workflow_id, c.created_at FROM commands c JOIN runs r ON r.id = c.run_id
       WHERE c.seq IS NULL AND c.created_at < now() - $1 * interval '1 ms' ORDER BY c.created_at LIMIT $2)
     ORDER BY created_at LIMIT $2`,
    [query.olderThanMs, query.limit],
  );
  return rows.map((row) => ({ kind: row.kind, id: row.id, workflowId: row.workflow_id }));
}
