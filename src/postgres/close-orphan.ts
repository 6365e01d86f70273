import { MANAGER_PRODUCER } from '../domain/run-snapshot.js';
import type { Wakeups } from '../ports/wakeups.js';
import { appendRunEvents } from './event-append.js';
import { withPartitions } from './partitions.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';

/** No execution has this id: whatever the lost one still had under way is of a foreign execution from now on. */
const NO_EXECUTION = 'none';

const CLOSE_RUN = `UPDATE runs SET version = version + 1, status = 'failed', terminal_status = 'failed',
    failure_kind = 'infra-failed', failure_message = $2, finished_at = now(), execution_id = $3, updated_at = now()
  WHERE id = $1 AND terminal_status IS NULL AND opened_at IS NOT NULL
  RETURNING attempt, session_id`;

/** Unless the session has gone on with another run, which a workflow that was ended from outside does not hinder. */
const CLOSE_SESSION = `UPDATE sessions SET execution_state = 'terminal', active_run_id = NULL, active_command_id = NULL,
    terminal_status = 'failed', failure_kind = 'infra-failed', news = news + 1, last_activity_at = now(), updated_at = now(),
    expires_at = greatest(expires_at, now() + ttl_ms * interval '1 ms')
  WHERE id = $1 AND active_run_id = $2`;

const CLOSE_COMMANDS = `UPDATE commands SET state = 'failed', failure_kind = 'infra-failed', failure_message = $2,
    finished_at = now(), updated_at = now()
  WHERE run_id = $1 AND seq IS NOT NULL AND state IN ('pending', 'acknowledged')`;

/** The lease before the stream, as everywhere. */
const CLOSE_LEASE_AND_STREAM = `WITH lease AS (
    UPDATE run_leases SET attempt = attempt + 1, alive = false, ended = true, runner_id = NULL, lease_ms = NULL,
      expires_at = NULL
    WHERE run_id = $1 RETURNING run_id, attempt
  )
  UPDATE run_streams s SET attempt = lease.attempt, closed = true FROM lease WHERE s.run_id = lease.run_id`;

/** See `RunStore.closeOrphan`. Rows are locked in the order of a projection, so that neither waits for the other for ever. */
export async function closeOrphan(database: Database, wakeups: Wakeups, runId: string, message: string): Promise<void> {
  await withPartitions(database, () => database.transaction((transaction) => close(transaction, runId, message)));
  // Also when it was closed before: the process that closed it may have died before it told anybody.
  wakeups.notify(`commands:${runId}`);
  wakeups.notify(`events:${runId}`);
}

async function close(transaction: Queryable, runId: string, message: string): Promise<void> {
  const { rows } = await transaction.query<{ attempt: number; session_id: string | null }>(CLOSE_RUN, [
    runId,
    message,
    NO_EXECUTION,
  ]);
  if (rows[0] === undefined) return;
  await transaction.query(CLOSE_SESSION, [rows[0].session_id, runId]);
  await transaction.query(CLOSE_COMMANDS, [runId, message]);
  await transaction.query(CLOSE_LEASE_AND_STREAM, [runId]);
  const payload = { terminalStatus: 'failed', failureKind: 'infra-failed', attempt: rows[0].attempt };
  const events = [{ type: 'terminal_status' as const, payload }];
  await appendRunEvents(transaction, { runId, fence: null, producer: MANAGER_PRODUCER, events }, { evenEnded: true });
}
