import type { RunStore } from '../ports/run-store.js';
import { missing } from '../domain/errors.js';
import { MANAGER_PRODUCER, newerThan, type ProjectionResult, type RunSnapshot } from '../domain/run-snapshot.js';
import type { Wakeups } from '../ports/wakeups.js';
import { appendRunEvents } from './event-append.js';
import { GRANT } from './leases.js';
import { withPartitions } from './partitions.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { projectCommand } from './projection-commands.js';
import { projectSession } from './projection-session.js';
import { noteText, noteValues, timeOf } from './projection-values.js';

const LOCK = {
  name: 'lock_run',
  text: `SELECT version, opened_at IS NOT NULL AS is_opened, session_id, execution_id FROM runs WHERE id = $1 FOR NO KEY UPDATE`,
};

const UPDATE_RUN = {
  name: 'project_run',
  text: `UPDATE runs r SET version = $2, status = $3, attempt = $4, terminal_status = $5, failure_kind = $6,
    failure_message = ${noteText('r.failure_message', { text: '$7', noteId: '$8' })}, claimed_by = $9, thread_id = $10,
    cancel_requested_at = $11, cancel_reason = ${noteText('r.cancel_reason', { text: '$12', noteId: '$13' })},
    last_command_seq = $14, finished_at = coalesce(r.finished_at, $15), opened_at = coalesce(r.opened_at, now()),
    execution_id = $16, updated_at = now()
  WHERE r.id = $1`,
};

/**
 * Writes a run's snapshot: the run, its changed commands, the manager's events, and what heartbeats must tell, in one
 * transaction. Snapshots come from whoever asked the workflow something, and from itself, in any order and more than once.
 * A version that is not newer changes nothing, and loses nothing: a snapshot carries everything that its workflow did not
 * know to be written, so that a newer one that is in brought whatever an older one would. Of what it carries, only what is
 * newer than the row is written.
 */
export async function projectRun(
  database: Database,
  wakeups: Wakeups,
  snapshot: RunSnapshot,
  tell: (news: RunSnapshot) => void = () => undefined,
): Promise<ProjectionResult> {
  const written = await withPartitions(database, () =>
    database.transaction((transaction) => write(transaction, snapshot)),
  );
  if (written === 'foreign') return written;
  if (written !== 'stale') tell(written);
  // Also when it is stale: the process that wrote it may have died before it told anybody.
  wakeups.notify(`commands:${snapshot.runId}`);
  if (snapshot.events.length > 0 || snapshot.terminalStatus !== null) wakeups.notify(`events:${snapshot.runId}`);
  return written === 'stale' ? written : 'written';
}

/** See `RunStore.writtenVersion`. */
export async function writtenVersion(
  database: Database,
  wakeups: Wakeups,
  { runId, executionId }: Parameters<RunStore['writtenVersion']>[0],
): Promise<number> {
  const statement = 'SELECT version FROM runs WHERE id = $1 AND execution_id = $2';
  const { rows } = await database.query<{ version: number }>(statement, [runId, executionId]);
  // Whoever wrote it may have died before it told anybody.
  wakeups.notify(`commands:${runId}`);
  wakeups.notify(`events:${runId}`);
  return rows[0]?.version ?? 0;
}

/** Answers what of the snapshot was not there before. */
async function write(transaction: Queryable, given: RunSnapshot): Promise<RunSnapshot | 'stale' | 'foreign'> {
  const before = await lockRun(transaction, given);
  if (before === 'stale' || before === 'foreign') return before;
  const snapshot = { ...given, ...newerThan(before.version, given) };
  await updateRun(transaction, snapshot);
  if (!before.isOpened) await addLeaseAndStream(transaction, snapshot.runId);
  if (before.sessionId !== null) await projectSession(transaction, before.sessionId, snapshot);
  // Before the commands: an append has its stream first, and then the command whose tokens it counts.
  await updateLeaseAndStream(transaction, snapshot);
  for (const command of snapshot.commands) await projectCommand(transaction, snapshot.runId, command);
  if (snapshot.events.length > 0) await appendManagerEvents(transaction, snapshot);
  await grantLease(transaction, snapshot);
  return snapshot;
}

interface RowBefore {
  readonly version: number;
  readonly isOpened: boolean;
  readonly sessionId: string | null;
}

/** Taking the row's lock first makes writers of one run wait for each other here. */
async function lockRun(transaction: Queryable, snapshot: RunSnapshot): Promise<RowBefore | 'stale' | 'foreign'> {
  const { runId, executionId, version } = snapshot;
  const { rows } = await transaction.query<{
    version: number;
    is_opened: boolean;
    session_id: string | null;
    execution_id: string | null;
  }>(LOCK, [runId]);
  const [row] = rows;
  if (row === undefined) throw missing('run', runId);
  if (row.execution_id !== null && row.execution_id !== executionId) return 'foreign';
  if (row.version >= version) return 'stale';
  return { version: row.version, isOpened: row.is_opened, sessionId: row.session_id };
}

async function updateRun(transaction: Queryable, snapshot: RunSnapshot): Promise<void> {
  await transaction.query(UPDATE_RUN, [
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
  ]);
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
