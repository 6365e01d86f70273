import type { RunnerJobRecord, RunnerRecord, RunnerRegister } from '../contract/runner.js';
import { ENDED_JOB_STATUSES, type RunnerJobStatus } from '../domain/runner-job-status.js';
import type { RunnerJobRequest, RunnerJobStore } from '../ports/runner-job-store.js';
import type { RunnerJobView } from '../ports/runner-platform.js';
import type { Reservation } from '../ports/reservation.js';
import type { TenantScope } from '../ports/run-store.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { findReserved, releaseKey, reserve } from './reservations.js';
import { firstRow } from './rows.js';
import { isoOrNull } from './run-mapping.js';

/** Of `runner_jobs j`. */
export const JOB_COLUMNS = `j.id, j.run_id, j.command_id, j.attempt, j.attempt_id, j.runner_id, j.job_name, j.namespace,
  j.start, j.status, j.reason, j.exit_code, j.message, j.created_at, j.updated_at, j.finished_at`;

export interface JobRow {
  readonly id: string;
  readonly run_id: string;
  readonly command_id: string | null;
  readonly attempt: number;
  readonly attempt_id: string;
  readonly runner_id: string;
  readonly job_name: string;
  readonly namespace: string;
  readonly start: RunnerJobRecord['start'];
  readonly status: RunnerJobStatus;
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly message: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly finished_at: Date | null;
}

/** Jobs without an end of runs that have one. */
const LEFT_BEHIND = `SELECT ${JOB_COLUMNS} FROM runs r JOIN runner_jobs j ON j.run_id = r.id
  WHERE j.status <> ALL ($1) AND r.opened_at IS NOT NULL AND r.terminal_status IS NOT NULL`;

export function createRunnerJobStore(database: Database): RunnerJobStore {
  return {
    request: (job) => requestJob(database, job),

    async get(jobId) {
      const { rows } = await database.query<JobRow>(`SELECT ${JOB_COLUMNS} FROM runner_jobs j WHERE j.id = $1`, [
        jobId,
      ]);
      return rows[0] && toJobRecord(rows[0]);
    },

    findReserved: async (reservation) => (await findReserved(database, reservation))?.thingId,

    reserve: async (reservation, jobId) => keepKey(database, reservation, jobId),

    release: async (reservation) => releaseKey(database, reservation),

    async overrides(jobId) {
      const { rows } = await database.query<{ overrides: RunnerJobRequest['overrides'] }>(
        'SELECT overrides FROM runner_jobs WHERE id = $1',
        [jobId],
      );
      return rows[0]?.overrides;
    },

    async list({ runId, commandId }) {
      const { rows } = await database.query<JobRow>(
        `SELECT ${JOB_COLUMNS} FROM runner_jobs j WHERE j.run_id = $1 AND ($2::text IS NULL OR j.command_id = $2)
         ORDER BY j.attempt, j.created_at, j.id`,
        [runId, commandId ?? null],
      );
      return rows.map(toJobRecord);
    },

    async listLeftBehind({ sessionId, besideRunId }) {
      const { rows } = await database.query<JobRow>(
        `${LEFT_BEHIND} AND r.session_id = $2 AND r.id <> $3 ORDER BY j.created_at, j.id`,
        [ENDED_JOB_STATUSES, sessionId, besideRunId],
      );
      return rows.map(toJobRecord);
    },

    async listOverdue(lateMs, limit) {
      const { rows } = await database.query<JobRow>(
        `${LEFT_BEHIND} AND r.finished_at <= now() - $2 * interval '1 ms' ORDER BY r.finished_at, j.id LIMIT $3`,
        [ENDED_JOB_STATUSES, lateMs, limit],
      );
      return rows.map(toJobRecord);
    },

    observe: async (view) => observeJob(database, view),

    register: (runnerId, body, tenants) => registerRunner(database, runnerId, body, tenants),
  };
}

/** Also within the transaction that drafts the Job's run. */
export async function requestJob(database: Queryable, job: RunnerJobRequest): Promise<RunnerJobRecord> {
  // The update changes nothing; it makes the row that was there before come back as well.
  const requested = await database.query<JobRow>(
    `INSERT INTO runner_jobs AS j (id, run_id, command_id, attempt, attempt_id, runner_id, job_name, namespace, overrides)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (id) DO UPDATE SET id = j.id
     RETURNING ${JOB_COLUMNS}`,
    [
      job.id,
      job.runId,
      job.commandId,
      job.attempt,
      job.attemptId,
      job.runnerId,
      job.jobName,
      job.namespace,
      JSON.stringify(job.overrides),
    ],
  );
  return toJobRecord(firstRow(requested));
}

async function observeJob(database: Queryable, view: RunnerJobView): Promise<void> {
  await database.query(
    `UPDATE runner_jobs SET status = $2, reason = $3, exit_code = $4, message = $5, updated_at = now(),
       finished_at = CASE WHEN $2 = ANY ($6) THEN now() END
     WHERE job_name = $1 AND status <> ALL ($6)
       AND (status, reason, exit_code, message) IS DISTINCT FROM ($2, $3, $4::int, $5)`,
    [view.jobName, view.status, view.reason, view.exitCode, view.message, ENDED_JOB_STATUSES],
  );
}

/** The Job is there already: whoever comes second goes on with what is kept. */
async function keepKey(database: Database, reservation: Reservation, jobId: string): Promise<void> {
  await reserve(database, reservation, jobId, async (thingId) => ({ id: thingId, opened: true }));
}

interface RunnerRow {
  readonly id: string;
  readonly run_id: string | null;
  readonly attempt_id: string | null;
  readonly backend_profile: string;
  readonly placement: unknown;
  readonly source_commit: string | null;
  readonly metadata: RunnerRecord['metadata'];
  readonly registered_at: Date;
  readonly updated_at: Date;
}

/** Registering again replaces what was said before. Fields that the contract does not name are kept as metadata. */
async function registerRunner(
  database: Database,
  runnerId: string,
  body: RunnerRegister,
  tenants: TenantScope,
): Promise<RunnerRecord | undefined> {
  const { runnerId: _, runId, attemptId, backendProfile, placement, sourceCommit, ...metadata } = body;
  const registered = await database.query<RunnerRow>(
    `INSERT INTO runners (id, run_id, attempt_id, backend_profile, placement, source_commit, metadata)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, attempt_id = excluded.attempt_id,
       backend_profile = excluded.backend_profile, placement = excluded.placement,
       source_commit = excluded.source_commit, metadata = excluded.metadata, updated_at = now()
     -- A runner is whose its run is.
     WHERE $8::text[] IS NULL OR NOT EXISTS (
       SELECT FROM runs WHERE runs.id = runners.run_id AND runs.tenant_id <> ALL ($8))
     RETURNING *`,
    [
      runnerId,
      runId ?? null,
      attemptId ?? null,
      backendProfile ?? 'codex',
      JSON.stringify(placement ?? null),
      sourceCommit ?? null,
      JSON.stringify(metadata),
      tenants === 'all' ? null : tenants,
    ],
  );
  const [row] = registered.rows;
  return row && toRunnerRecord(row);
}

function toRunnerRecord(row: RunnerRow): RunnerRecord {
  return {
    id: row.id,
    runId: row.run_id,
    attemptId: row.attempt_id,
    backendProfile: row.backend_profile,
    placement: row.placement,
    sourceCommit: row.source_commit,
    metadata: row.metadata,
    registeredAt: row.registered_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toJobRecord(row: JobRow): RunnerJobRecord {
  return {
    id: row.id,
    runId: row.run_id,
    commandId: row.command_id,
    attempt: row.attempt,
    attemptId: row.attempt_id,
    runnerId: row.runner_id,
    jobName: row.job_name,
    namespace: row.namespace,
    start: row.start,
    status: row.status,
    reason: row.reason,
    exitCode: row.exit_code,
    message: row.message,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    finishedAt: isoOrNull(row.finished_at),
    valuesPrinted: false,
  };
}
