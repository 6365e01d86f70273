import { missing } from '../domain/errors.js';
import { MANAGER_PRODUCER, type ProjectionResult, type RunSnapshot } from '../domain/run-snapshot.js';
import type { Wakeups } from '../ports/wakeups.js';
import { appendRunEvents } from './event-append.js';
import { GRANT } from './leases.js';
import { withPartitions } from './partitions.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { projectCommand } from './projection-commands.js';
import { projectSession } from './projection-session.js';
import { noteText, noteValues, timeOf } from './projection-values.js';

/**
 * Writes a run's snapshot: the run, its changed commands, the manager's events, and what heartbeats must tell, in one
 * transaction. A version that is not newer changes nothing. That loses nothing although a snapshot carries only the
 * commands and events since the last one *written*: a workflow writes one at a time, and hands over a newer one only
 * when the one before is in, so a late copy of an older one was written before.
 */
export async function projectRun(
  database: Database,
  wakeups: Wakeups,
  snapshot: RunSnapshot,
): Promise<ProjectionResult> {
  const result = await withPartitions(database, () =>
    database.transaction((transaction) => write(transaction, snapshot)),
  );
  if (result === 'foreign') return result;
  // Also when it is stale: the process that wrote it may have died before it told anybody.
  wakeups.notify(`commands:${snapshot.runId}`);
  if (snapshot.events.length > 0 || snapshot.terminalStatus !== null) wakeups.notify(`events:${snapshot.runId}`);
  return result;
}

async function write(transaction: Queryable, snapshot: RunSnapshot): Promise<ProjectionResult> {
  const run = await updateRun(transaction, snapshot);
  if (run === 'stale' || run === 'foreign') return run;
  if (run.opened) await addLeaseAndStream(transaction, snapshot.runId);
  if (run.sessionId !== null) await projectSession(transaction, run.sessionId, snapshot);
  for (const command of snapshot.commands) await projectCommand(transaction, snapshot.runId, command);
  await updateLeaseAndStream(transaction, snapshot);
  await appendManagerEvents(transaction, snapshot);
  await grantLease(transaction, snapshot);
  return 'written';
}

/** Taking the row's lock first makes writers of one run wait for each other here. */
async function updateRun(
  transaction: Queryable,
  snapshot: RunSnapshot,
): Promise<{ opened: boolean; sessionId: string | null } | 'stale' | 'foreign'> {
  const { rows } = await transaction.query<{ was_draft: boolean; session_id: string | null }>(
    `UPDATE runs r SET version = $2, status = $3, attempt = $4, terminal_status = $5, failure_kind = $6,
       failure_message = ${noteText('r.failure_message', { text: '$7', noteId: '$8' })}, claimed_by = $9, thread_id = $10,
       cancel_requested_at = $11, cancel_reason = ${noteText('r.cancel_reason', { text: '$12', noteId: '$13' })},
       last_command_seq = $14, finished_at = coalesce(r.finished_at, $15), opened_at = coalesce(r.opened_at, now()),
       execution_id = $16, updated_at = now()
     WHERE r.id = $1 AND r.version < $2 AND (r.execution_id IS NULL OR r.execution_id = $16)
     RETURNING r.opened_at = now() AS was_draft, r.session_id`,
    [
      snapshot.runId,
      snapshot.version,
      snapshot.status,
      snapshot.attempt,
      snapshot.terminalStatus,
      snapshot.failureKind,
      ...noteValues(snapshot.failureMessage),
      snapshot.claimedBy,
      snapshot.threadId,
      timeOf(snapshot.cancelRequestedAtMs),
      ...noteValues(snapshot.cancelReason),
      snapshot.lastCommandSeq,
      snapshot.terminalStatus === null ? null : timeOf(snapshot.atMs),
      snapshot.executionId,
    ],
  );
  if (rows[0] !== undefined) return { opened: rows[0].was_draft, sessionId: rows[0].session_id };
  return whyNotUpdated(transaction, snapshot);
}

async function whyNotUpdated(transaction: Queryable, snapshot: RunSnapshot): Promise<'stale' | 'foreign'> {
  const { rows } = await transaction.query<{ execution_id: string | null }>(
    'SELECT execution_id FROM runs WHERE id = $1',
    [snapshot.runId],
  );
  if (rows[0] === undefined) throw missing('run', snapshot.runId);
  return rows[0].execution_id === snapshot.executionId ? 'stale' : 'foreign';
}

async function addLeaseAndStream(transaction: Queryable, runId: string): Promise<void> {
  await transaction.query(
    `WITH lease AS (
       INSERT INTO run_leases (run_id, attempt, workflow_id) SELECT id, attempt, workflow_id FROM runs WHERE id = $1
       ON CONFLICT DO NOTHING
     )
     INSERT INTO run_streams (run_id, attempt) SELECT id, attempt FROM runs WHERE id = $1 ON CONFLICT DO NOTHING`,
    [runId],
  );
}

/** A lease that is not given although its attempt lives means that the workflow and the rows disagree about who holds it. */
async function grantLease(transaction: Queryable, { runId, attempt, grant }: RunSnapshot): Promise<void> {
  if (grant === null) return;
  const { rowCount } = await transaction.query(GRANT, [runId, attempt, grant.runnerId, grant.leaseMs]);
  if (rowCount !== 0) return;
  const { rows } = await transaction.query<{ runner_id: string | null }>(
    'SELECT runner_id FROM run_leases WHERE run_id = $1 AND attempt = $2 AND NOT ended',
    [runId, attempt],
  );
  if (rows[0] === undefined) return;
  const holder = rows[0].runner_id ?? 'nobody';
  throw new Error(`attempt ${attempt} of run ${runId}: no lease for ${grant.runnerId}, it is held by ${holder}`);
}

async function appendManagerEvents(transaction: Queryable, snapshot: RunSnapshot): Promise<void> {
  const events = snapshot.events.map(({ number, type, payload }) => ({ type, payload, clientSeq: number }));
  const request = { runId: snapshot.runId, fence: null, producer: MANAGER_PRODUCER, events };
  await appendRunEvents(transaction, request, { evenEnded: true });
}

/**
 * A snapshot of a later attempt ends the earlier one here too, should nobody have expired or revoked it; a snapshot of
 * an earlier attempt than the rows' (expired just now, the workflow has not heard yet) moves nothing back.
 * Lease first, as everywhere: the stream's update reads from the lease's, so that PostgreSQL cannot turn them round.
 */
async function updateLeaseAndStream(transaction: Queryable, snapshot: RunSnapshot): Promise<void> {
  await transaction.query(
    `WITH lease AS (
       UPDATE run_leases l SET
         attempt = greatest(l.attempt, $2),
         alive = l.alive AND l.attempt >= $2 AND NOT $3,
         runner_id = CASE WHEN l.attempt >= $2 THEN l.runner_id END,
         ended = l.ended OR $3,
         cancel_requested_at = $4, cancel_command_ids = $5, last_command_seq = $6
       WHERE l.run_id = $1
       RETURNING l.run_id
     )
     UPDATE run_streams s SET attempt = greatest(s.attempt, $2), closed = s.closed OR $3
     FROM lease WHERE s.run_id = lease.run_id`,
    [
      snapshot.runId,
      snapshot.attempt,
      snapshot.terminalStatus !== null,
      timeOf(snapshot.cancelRequestedAtMs),
      snapshot.cancelCommandIds,
      snapshot.lastCommandSeq,
    ],
  );
}
