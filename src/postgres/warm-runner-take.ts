import type { TakenWarmRunner, WarmRunnerStore } from '../ports/warm-runner-store.js';
import type { Database } from './pool.js';

/**
 * One statement: the first decision about a Job's start is the only one. Whoever asks at the same time waits for the Job's row and then
 * finds it decided; whoever wants the same runner passes it by. The runner's volume is the run's, and its Job's name the Job's.
 * $1 the Job's id, $2 backend profile, $3 spec (null: cold), $4 milliseconds within which the runner asked.
 */
const DECIDE = `WITH job AS (
    SELECT j.id, j.run_id, j.attempt FROM runner_jobs j WHERE j.id = $1 AND j.start IS NULL FOR UPDATE
  ), free AS (
    SELECT w.id FROM warm_runners w
    WHERE EXISTS (SELECT FROM job) AND w.state = 'waiting' AND w.backend_profile = $2 AND w.spec = $3
      AND w.asked_at > now() - $4::bigint * interval '1 ms'
    ORDER BY w.created_at LIMIT 1 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE warm_runners w SET state = 'taken', run_id = job.run_id, attempt = job.attempt
    FROM free, job WHERE w.id = free.id
    RETURNING w.id, w.job_name, w.volume_name, w.run_id
  ), kept AS (
    UPDATE runs r SET volume_name = taken.volume_name FROM taken WHERE r.id = taken.run_id
  ), decided AS (
    UPDATE runner_jobs j SET start = CASE WHEN EXISTS (SELECT FROM taken) THEN 'warm' ELSE 'cold' END,
      job_name = coalesce((SELECT job_name FROM taken), j.job_name)
    FROM job WHERE j.id = job.id
  )
  SELECT taken.id, taken.job_name, taken.volume_name FROM job LEFT JOIN taken ON true`;

/** A statement of its own: it sees what was decided while the other one waited. */
const DECIDED = `SELECT w.id, w.job_name, w.volume_name
  FROM runner_jobs j JOIN warm_runners w ON w.run_id = j.run_id AND w.attempt = j.attempt AND w.state = 'taken'
  WHERE j.id = $1 AND j.start = 'warm'`;

interface TakenRow {
  readonly id: string | null;
  readonly job_name: string;
  readonly volume_name: string;
}

export async function takeWarmRunner(
  database: Database,
  jobId: string,
  fits: Parameters<WarmRunnerStore['take']>[1],
): Promise<TakenWarmRunner | undefined> {
  const values = [jobId, fits?.backendProfile ?? null, fits?.spec ?? null, fits?.freshMs ?? 0];
  const first = await database.query<TakenRow>(DECIDE, values);
  const row = first.rows[0] ?? (await database.query<TakenRow>(DECIDED, [jobId])).rows[0];
  if (row === undefined || row.id === null) return undefined;
  return { id: row.id, jobName: row.job_name, volumeName: row.volume_name };
}
