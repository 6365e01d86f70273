import type { ExpiredLease, LeaseStore, LeaseView } from '../ports/lease-store.js';
import { LeaseRenewals } from './lease-renewal.js';
import type { Database } from './pool.js';

/**
 * When a lease is over: it ran out, and its runner could have renewed it all that time. After an outage of ours it gets
 * its full time again from `accepting_since`; while nobody accepts renewals, none is ever over. Of `run_leases l` and
 * `api_liveness a`.
 */
export const LEASE_END = `greatest(l.expires_at, a.accepting_since + l.lease_ms * interval '1 ms')`;
const RENEWALS_ACCEPTED = `a.last_beat_at > clock_timestamp() - a.gap_ms * interval '1 ms'`;
export const LEASE_OVER = `(l.alive AND ${RENEWALS_ACCEPTED} AND ${LEASE_END} < clock_timestamp())`;

/** As `project_run` does it: there the lease begins with the snapshot that says who claimed. */
const GRANT = `UPDATE run_leases
  SET runner_id = $3, alive = true, lease_ms = $4::bigint, expires_at = clock_timestamp() + $4::bigint * interval '1 ms'
  WHERE run_id = $1 AND attempt = $2 AND NOT ended AND (NOT alive OR runner_id = $3)
  RETURNING expires_at`;

/** Both rows that carry the attempt move in one statement; lease first, as everywhere, so that nobody deadlocks. */
function endAttempt(condition: string): string {
  return `WITH over AS (
    UPDATE run_leases l SET attempt = l.attempt + 1, alive = false, runner_id = NULL, lease_ms = NULL, expires_at = NULL
    FROM api_liveness a WHERE l.run_id = $1 AND l.attempt = $2 AND ${condition}
    RETURNING l.run_id, l.attempt
  )
  UPDATE run_streams s SET attempt = over.attempt FROM over WHERE s.run_id = over.run_id`;
}

const EXPIRE = endAttempt(LEASE_OVER);
const REVOKE = endAttempt('NOT l.ended');

const READ = `SELECT l.attempt, l.runner_id, l.alive, CASE WHEN l.alive THEN ${LEASE_END} END AS lease_end,
    CASE WHEN l.alive THEN l.expires_at - l.lease_ms * interval '1 ms' END AS renewed_at,
    coalesce(${LEASE_OVER}, false) AS is_over, l.ended
  FROM run_leases l, api_liveness a WHERE l.run_id = $1`;

/** Events travel the way of renewals: while that is closed nobody is silent, and afterwards silence begins anew. */
const SILENCE = `SELECT CASE WHEN ${RENEWALS_ACCEPTED} THEN greatest(0, extract(epoch FROM
    clock_timestamp() - greatest(s.last_event_at, a.accepting_since)) * 1000)::bigint ELSE 0::bigint END AS silent_ms
  FROM run_streams s, api_liveness a WHERE s.run_id = $1`;

const ACCEPTING = `SELECT CASE WHEN ${RENEWALS_ACCEPTED}
    THEN greatest(0, extract(epoch FROM clock_timestamp() - a.accepting_since) * 1000)::bigint ELSE 0::bigint END AS accepting_ms
  FROM api_liveness a`;

const LIST_EXPIRED = `SELECT l.run_id, l.attempt, l.workflow_id FROM run_leases l, api_liveness a
  WHERE ${LEASE_OVER}
  ORDER BY l.expires_at LIMIT $1`;

const BEAT = `UPDATE api_liveness SET
  accepting_since = CASE WHEN last_beat_at < clock_timestamp() - $1::bigint * interval '1 ms' THEN clock_timestamp()
    ELSE accepting_since END,
  last_beat_at = greatest(last_beat_at, clock_timestamp()), gap_ms = $1::bigint`;

interface LeaseRow {
  readonly attempt: number;
  readonly runner_id: string | null;
  readonly alive: boolean;
  /** Null unless alive. */
  readonly lease_end: Date | null;
  readonly renewed_at: Date | null;
  readonly is_over: boolean;
  readonly ended: boolean;
}

export function createLeaseStore(database: Database): LeaseStore {
  const renewals = new LeaseRenewals(database);
  return {
    async grant({ runId, attempt, runnerId, leaseMs }) {
      const { rows } = await database.query<{ expires_at: Date }>(GRANT, [runId, attempt, runnerId, leaseMs]);
      return rows[0]?.expires_at.getTime();
    },

    renew: (lease) => renewals.renew(lease),

    async read(runId) {
      const { rows } = await database.query<LeaseRow>(READ, [runId]);
      return rows[0] && toView(rows[0]);
    },

    async silenceMs(runId) {
      const { rows } = await database.query<{ silent_ms: number }>(SILENCE, [runId]);
      return rows[0]?.silent_ms ?? null;
    },

    async acceptingMs() {
      const { rows } = await database.query<{ accepting_ms: number }>(ACCEPTING, []);
      return rows[0]?.accepting_ms ?? 0;
    },

    async expire(runId, attempt) {
      const { rowCount } = await database.query(EXPIRE, [runId, attempt]);
      if (rowCount === 1) return { expired: true, expiresAtMs: null };
      return readEnd(database, runId, attempt);
    },

    async revoke(runId, attempt) {
      await database.query(REVOKE, [runId, attempt]);
    },

    async listExpired(limit) {
      const { rows } = await database.query<{ run_id: string; attempt: number; workflow_id: string }>(LIST_EXPIRED, [
        limit,
      ]);
      return rows.map((row): ExpiredLease => ({
        runId: row.run_id,
        attempt: row.attempt,
        workflowId: row.workflow_id,
      }));
    },

    async beat(gapMs) {
      await database.query(BEAT, [gapMs]);
    },
  };
}

/** `expiresAtMs` is when the attempt could be ended at the earliest, should no renewal come. */
async function readEnd(database: Database, runId: string, attempt: number) {
  const { rows } = await database.query<LeaseRow>(READ, [runId]);
  const expired = rows[0] !== undefined && rows[0].attempt > attempt;
  return { expired, expiresAtMs: expired ? null : (rows[0]?.lease_end?.getTime() ?? null) };
}

function toView(row: LeaseRow): LeaseView {
  return {
    attempt: row.attempt,
    runnerId: row.runner_id,
    alive: row.alive,
    expiresAtMs: row.lease_end?.getTime() ?? null,
    renewedAtMs: row.renewed_at?.getTime() ?? null,
    isOver: row.is_over,
    ended: row.ended,
  };
}
