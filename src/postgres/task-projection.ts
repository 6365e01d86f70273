import { missing } from '../domain/errors.js';
import type { ProjectionResult } from '../domain/run-snapshot.js';
import type { TaskAttemptSnapshot, TaskSnapshot } from '../domain/task-snapshot.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { Database } from './pool.js';
import { noteText, noteValues, timeOf } from './projection-values.js';
import type { Queryable } from './queryable.js';

/** No execution has this id: whatever the lost one still had under way is of a foreign execution from now on. */
const NO_EXECUTION = 'none';

/**
 * `$16`: whether the task has ended with this. A further execution goes on where the one before left the row, and nowhere else: `$18` is
 * the version that it read.
 */
const PROJECT = `UPDATE tasks t SET version = $2, state = $3, phase = $4, attempt = $5, failure_kind = $6,
    failure_message = ${noteText('t.failure_message', { text: '$7', noteId: '$8' })}, dispatched_at = $9,
    waiting_until = $10, slot_wanted_at = $11, cancel_requested_at = $12,
    cancel_reason = ${noteText('t.cancel_reason', { text: '$13', noteId: '$14' })}, wall_time_ms = $15,
    finished_at = CASE WHEN $16 THEN coalesce(t.finished_at, $17) END,
    news = t.news + CASE WHEN $16 AND t.finished_at IS NULL THEN 1 ELSE 0 END,
    opened_at = coalesce(t.opened_at, now()), admitted_at = NULL, execution_id = $19, updated_at = now()
  WHERE t.id = $1 AND t.version < $2
    AND (t.execution_id IS NULL OR t.execution_id = $19 OR ($18::bigint IS NOT NULL AND t.version = $18))`;

/** An attempt's command and run stay what they were: a later snapshot may no longer carry them. */
const PROJECT_ATTEMPT = `INSERT INTO task_attempts AS a (task_id, attempt, run_id, command_id, session_id, runner_job_id,
    started_run, state, failure_kind, failure_message, started_at, finished_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, ${noteText('NULL', { text: '$10', noteId: '$11' })}, $12, $13)
  ON CONFLICT (task_id, attempt) DO UPDATE SET run_id = coalesce(excluded.run_id, a.run_id),
    command_id = coalesce(excluded.command_id, a.command_id), session_id = coalesce(excluded.session_id, a.session_id),
    runner_job_id = coalesce(excluded.runner_job_id, a.runner_job_id), started_run = excluded.started_run,
    state = excluded.state, failure_kind = excluded.failure_kind,
    failure_message = ${noteText('a.failure_message', { text: '$10', noteId: '$11' })},
    started_at = excluded.started_at, finished_at = excluded.finished_at`;

/** Writes a task's snapshot with its changed attempts; as a run's, a version that is not newer changes nothing. */
export async function projectTask(database: Database, snapshot: TaskSnapshot): Promise<ProjectionResult> {
  if (snapshot.attempts.length === 0) return projectRow(database, snapshot);
  return database.transaction(async (transaction) => {
    const result = await projectRow(transaction, snapshot);
    if (result !== 'written') return result;
    for (const attempt of snapshot.attempts) await projectAttempt(transaction, snapshot.taskId, attempt);
    return result;
  });
}

async function projectRow(queryable: Queryable, snapshot: TaskSnapshot): Promise<ProjectionResult> {
  const { rowCount } = await queryable.query(PROJECT, [
    snapshot.taskId,
    snapshot.version,
    snapshot.state,
    snapshot.phase,
    snapshot.attempt,
    snapshot.failureKind,
    ...noteValues(snapshot.failureMessage),
    timeOf(snapshot.dispatchedAtMs),
    timeOf(snapshot.waitingUntilMs),
    timeOf(snapshot.slotWantedAtMs),
    timeOf(snapshot.cancelRequestedAtMs),
    ...noteValues(snapshot.cancelReason),
    snapshot.wallTimeMs,
    isTerminalStatus(snapshot.state),
    timeOf(snapshot.atMs),
    snapshot.afterVersion,
    snapshot.executionId,
  ]);
  return rowCount === 0 ? whyNotWritten(queryable, snapshot) : 'written';
}

async function whyNotWritten(queryable: Queryable, snapshot: TaskSnapshot): Promise<'stale' | 'foreign'> {
  const { rows } = await queryable.query<{ execution_id: string | null }>(
    'SELECT execution_id FROM tasks WHERE id = $1',
    [snapshot.taskId],
  );
  if (rows[0] === undefined) throw missing('task', snapshot.taskId);
  return rows[0].execution_id === snapshot.executionId ? 'stale' : 'foreign';
}

async function projectAttempt(transaction: Queryable, taskId: string, attempt: TaskAttemptSnapshot): Promise<void> {
  await transaction.query(PROJECT_ATTEMPT, [
    taskId,
    attempt.attempt,
    attempt.runId,
    attempt.commandId,
    attempt.sessionId,
    attempt.runnerJobId,
    attempt.startedRun,
    attempt.state,
    attempt.failureKind,
    ...noteValues(attempt.failureMessage),
    timeOf(attempt.startedAtMs),
    timeOf(attempt.finishedAtMs),
  ]);
}

const CLOSE = `WITH closed AS (
    UPDATE tasks SET version = version + 1, state = 'failed', phase = 'ended', failure_kind = 'infra-failed',
      failure_message = $2, waiting_until = NULL, slot_wanted_at = NULL, finished_at = now(), news = news + 1,
      execution_id = $3, updated_at = now()
    WHERE id = $1 AND opened_at IS NOT NULL AND state IN ('pending', 'running') AND version = $4
    RETURNING id
  )
  UPDATE task_attempts a SET state = 'failed', failure_kind = 'infra-failed', failure_message = $2, finished_at = now()
  FROM closed WHERE a.task_id = closed.id AND a.finished_at IS NULL`;

/** See `TaskStore.closeOrphan`. */
export async function closeTask(database: Database, taskId: string, version: number, message: string): Promise<void> {
  await database.query(CLOSE, [taskId, message, NO_EXECUTION, version]);
}
