import type { SessionStorage, StorageRefresh } from '../contract/session.js';
import type { EvictionVerdict, ExpiredSession, VolumeRecord } from '../ports/session-store.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { toSessionStorage, type SessionRow } from './session-mapping.js';
import { findSession } from './sessions.js';

/** A draft of a run this old was given up: whoever was opening it died. */
const DRAFT_LIVES = `interval '1 hour'`;

/** A draft that no request holds may be opened yet by a workflow that began unheard: it is told then that the storage is gone. */
const RUN_LIVES = `SELECT FROM runs r WHERE r.session_id = $1 AND r.terminal_status IS NULL
  AND (r.opened_at IS NOT NULL OR (r.draft_holders > 0 AND r.created_at > now() - ${DRAFT_LIVES}))`;

/**
 * A runner ends after its run: until its Job is seen ended it may write to the volume. Its end is confirmed by the run's workflow; one
 * that has not come for so long, longer than a Job may ever take to stop, will not come any more.
 */
const JOB_ENDS_WITHIN = `interval '1 hour'`;

const JOB_LIVES = `SELECT FROM runs r JOIN runner_jobs j ON j.run_id = r.id
  WHERE r.session_id = $1 AND j.finished_at IS NULL AND r.finished_at > now() - ${JOB_ENDS_WITHIN}`;

export async function readStorage(database: Queryable, sessionId: string): Promise<SessionStorage | undefined> {
  const row = await findSession(database, sessionId, 'all');
  return row && toSessionStorage(row);
}

export async function expectVolume(
  database: Queryable,
  sessionId: string,
  { name, namespace }: Pick<VolumeRecord, 'name' | 'namespace'>,
): Promise<boolean> {
  // Read as it was before.
  const { rows } = await database.query<Pick<SessionRow, 'storage_state'>>(
    `WITH expected AS (
       UPDATE sessions SET storage_state = 'pvc', storage_name = $2, storage_namespace = $3, storage_phase = 'Pending',
         updated_at = now()
       WHERE id = $1 AND storage_state = 'none')
     SELECT storage_state FROM sessions WHERE id = $1`,
    [sessionId, name, namespace],
  );
  return rows[0] !== undefined && ['none', 'pvc'].includes(rows[0].storage_state);
}

export async function volumeEnsured(
  database: Database,
  sessionId: string,
  volume: VolumeRecord,
): Promise<SessionStorage | undefined> {
  const { rows } = await database.query<SessionRow>(
    `UPDATE sessions SET storage_state = 'pvc', storage_name = $2, storage_namespace = $3, storage_phase = $4,
       storage_quota_bytes = $5, updated_at = now()
     WHERE id = $1 AND storage_state IN ('none', 'pvc') RETURNING *`,
    [sessionId, volume.name, volume.namespace, volume.phase, volume.quotaBytes],
  );
  return rows[0] && toSessionStorage(rows[0]);
}

export async function refreshStorage(
  database: Database,
  sessionId: string,
  measured: StorageRefresh,
): Promise<SessionStorage | undefined> {
  await database.query(
    `UPDATE sessions SET storage_state = 'pvc', storage_name = coalesce(storage_name, $6),
       storage_namespace = coalesce(storage_namespace, $7), storage_phase = coalesce($2, storage_phase),
       storage_size_bytes = $3, storage_files_count = $4, storage_sha256 = $5, storage_updated_at = now(), updated_at = now()
     WHERE id = $1 AND storage_state IN ('none', 'pvc')`,
    [
      sessionId,
      measured.pvcPhase ?? null,
      measured.storageSizeBytes ?? null,
      measured.storageFilesCount ?? null,
      measured.storageSha256 ?? null,
      measured.pvcName,
      measured.namespace,
    ],
  );
  return readStorage(database, sessionId);
}

/**
 * Whoever drafts a run holds the session's row meanwhile, so that either the run is seen here, or the run's drafting sees the eviction.
 */
export function beginEviction(
  database: Database,
  sessionId: string,
  { onlyExpired }: { onlyExpired: boolean },
): Promise<EvictionVerdict> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ storage_state: string; expired: boolean }>(
      'SELECT storage_state, expires_at <= now() AS expired FROM sessions WHERE id = $1 FOR UPDATE',
      [sessionId],
    );
    const session = rows[0];
    if (session === undefined) return 'missing';
    if (session.storage_state === 'evicting' || session.storage_state === 'evicted') return session.storage_state;
    if (onlyExpired && !session.expired) return 'not-expired';
    // Statements of their own: they see what was committed while this one waited for the row.
    for (const lives of [RUN_LIVES, JOB_LIVES])
      if ((await transaction.query(lives, [sessionId])).rowCount !== 0) return 'active-run';
    if (session.storage_state === 'none') return 'no-storage';
    await transaction.query(`UPDATE sessions SET storage_state = 'evicting', updated_at = now() WHERE id = $1`, [
      sessionId,
    ]);
    return 'evicting';
  });
}

export async function endEviction(database: Database, sessionId: string): Promise<void> {
  await database.query(
    `UPDATE sessions SET storage_state = 'evicted', storage_phase = 'Deleted', storage_size_bytes = NULL,
       storage_files_count = NULL, storage_sha256 = NULL, storage_quota_bytes = NULL, storage_updated_at = now(), updated_at = now()
     WHERE id = $1 AND storage_state = 'evicting'`,
    [sessionId],
  );
}

/** Those with a live run last: they are kept, and must not keep the others out of every batch. */
export async function listExpired(database: Database, limit: number): Promise<ExpiredSession[]> {
  const { rows } = await database.query<{ id: string; storage_name: string | null; expires_at: Date }>(
    `SELECT id, storage_name, expires_at FROM sessions
     WHERE storage_state = 'evicting' OR (storage_state = 'pvc' AND expires_at <= now())
     ORDER BY active_run_id IS NOT NULL, expires_at LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({
    sessionId: row.id,
    volumeName: row.storage_name,
    expiresAt: row.expires_at.toISOString(),
  }));
}
