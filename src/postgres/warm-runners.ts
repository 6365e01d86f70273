import { WARM_TIMES } from '../domain/warm-pools.js';
import type { WarmAnswer, WarmRunner, WarmRunnerStore } from '../ports/warm-runner-store.js';
import type { Wakeups } from '../ports/wakeups.js';
import type { Database } from './pool.js';
import { createPoolFailures } from './warm-pool-failures.js';
import { takeWarmRunner } from './warm-runner-take.js';

const LIST = `SELECT id, backend_profile, spec, job_name, volume_name, state, first_asked_at IS NOT NULL AS has_asked,
    extract(epoch FROM now() - created_at) * 1000 AS age_ms, extract(epoch FROM now() - asked_at) * 1000 AS asked_ago_ms
  FROM warm_runners WHERE state <> 'taken' ORDER BY created_at, id`;

/** A token is used up once its run's attempt has a runner, or is over. */
const ASK = `WITH asked AS (
    UPDATE warm_runners w SET holder = coalesce(w.holder, $2), asked_at = now(),
      first_asked_at = coalesce(w.first_asked_at, now())
    WHERE w.id = $1 AND coalesce(w.holder, $2) = $2 AND (w.state = 'waiting' OR w.state = 'taken' AND EXISTS (
      SELECT FROM run_leases l
      WHERE l.run_id = w.run_id AND l.attempt = w.attempt AND l.runner_id IS NULL AND NOT l.ended))
    RETURNING w.run_id, w.attempt, w.traceparent, w.assigned_at
  )
  SELECT asked.*, asked.attempt IS NOT NULL AND asked.assigned_at IS NOT NULL AS is_assigned, true AS is_let_in FROM asked
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, false, false FROM warm_runners WHERE id = $1 AND NOT EXISTS (SELECT FROM asked)`;

/** What was seen of the warm Job is nothing of the cold one: an end that it had would keep the other's from being written. */
const GIVE_BACK = `WITH back AS (
    UPDATE warm_runners w SET state = 'leaving', run_id = NULL, attempt = NULL
    FROM runner_jobs j WHERE j.id = $1 AND w.run_id = j.run_id AND w.attempt = j.attempt AND w.assigned_at IS NULL
    RETURNING w.volume_name, j.run_id
  ), freed AS (UPDATE runs r SET volume_name = NULL FROM back WHERE r.id = back.run_id AND r.volume_name = back.volume_name)
  UPDATE runner_jobs j SET start = 'cold', job_name = $2, status = 'pending', reason = NULL, exit_code = NULL, message = NULL,
    finished_at = NULL, updated_at = now()
  FROM back WHERE j.id = $1`;

interface WarmRow {
  readonly id: string;
  readonly backend_profile: string;
  readonly spec: string;
  readonly job_name: string;
  readonly volume_name: string;
  readonly state: 'waiting' | 'leaving';
  readonly has_asked: boolean;
  readonly age_ms: string;
  readonly asked_ago_ms: string | null;
}

interface AskedRow {
  readonly run_id: string | null;
  readonly attempt: number | null;
  readonly traceparent: string | null;
  readonly is_assigned: boolean;
  readonly is_let_in: boolean;
}

export function createWarmRunnerStore(database: Database, wakeups: Wakeups): WarmRunnerStore {
  const run = async (statement: string, values: readonly unknown[]) =>
    ((await database.query(statement, values)).rowCount ?? 0) > 0;
  return {
    async add({ id, backendProfile, spec, jobName, volumeName }) {
      await run(
        'INSERT INTO warm_runners (id, backend_profile, spec, job_name, volume_name) VALUES ($1, $2, $3, $4, $5)',
        [id, backendProfile, spec, jobName, volumeName],
      );
    },
    list: async () => (await database.query<WarmRow>(LIST)).rows.map(toWarmRunner),
    isEmpty: async () => !(await run('SELECT FROM warm_runners LIMIT 1', [])),

    async take(jobId, fits) {
      const taken = await takeWarmRunner(database, jobId, fits);
      if (taken !== undefined) wakeups.notify('warm:pools');
      return taken;
    },
    async assign(id, traceparent) {
      const statement = `UPDATE warm_runners SET assigned_at = coalesce(assigned_at, now()), traceparent = $2
        WHERE id = $1 AND state = 'taken'`;
      if (await run(statement, [id, traceparent])) wakeups.notify(`warm:${id}`);
    },
    giveBack: async (jobId, jobName) => run(GIVE_BACK, [jobId, jobName]),

    async ask(id, holder) {
      const { rows } = await database.query<AskedRow>(ASK, [id, holder]);
      return toAnswer(rows[0]);
    },
    async left(id, holder) {
      const statement = `UPDATE warm_runners SET asked_at = least(asked_at, now() - $3::bigint * interval '1 ms')
        WHERE id = $1 AND holder = $2`;
      await run(statement, [id, holder, WARM_TIMES.fresh]);
    },

    async retire(jobName) {
      const statement = `UPDATE warm_runners SET state = 'leaving' WHERE job_name = $1 AND state = 'waiting'
        RETURNING backend_profile`;
      const { rows } = await database.query<{ backend_profile: string }>(statement, [jobName]);
      return rows[0]?.backend_profile;
    },
    async forget(id) {
      await run(`DELETE FROM warm_runners WHERE id = $1 AND state = 'leaving'`, [id]);
    },
    async forgetUsed() {
      const statement = `DELETE FROM warm_runners w USING runner_jobs j
        WHERE w.state = 'taken' AND j.job_name = w.job_name AND j.finished_at IS NOT NULL`;
      await run(statement, []);
    },
    runOf: (jobName) => runOf(database, jobName),
    ...createPoolFailures(database),
  };
}

async function runOf(database: Database, jobName: string): Promise<{ runId: string; attempt: number } | undefined> {
  const statement = `SELECT run_id, attempt FROM runner_jobs WHERE job_name = $1 AND start = 'warm'`;
  const { rows } = await database.query<{ run_id: string; attempt: number }>(statement, [jobName]);
  return rows[0] && { runId: rows[0].run_id, attempt: rows[0].attempt };
}

function toWarmRunner(row: WarmRow): WarmRunner {
  return {
    id: row.id,
    backendProfile: row.backend_profile,
    spec: row.spec,
    jobName: row.job_name,
    volumeName: row.volume_name,
    state: row.state,
    ageMs: Number(row.age_ms),
    askedAgoMs: row.asked_ago_ms === null ? null : Number(row.asked_ago_ms),
    hasAsked: row.has_asked,
  };
}

function toAnswer(row: AskedRow | undefined): WarmAnswer {
  if (row === undefined) return { kind: 'unknown' };
  if (!row.is_let_in) return { kind: 'refused' };
  const { is_assigned: isAssigned, run_id: runId, attempt, traceparent } = row;
  if (!isAssigned || runId === null || attempt === null) return { kind: 'waiting' };
  return { kind: 'assigned', runId, attempt, traceparent };
}
