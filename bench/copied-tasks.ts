import { eventually } from '../test/support/eventually.js';
import type { Bed } from './bed.js';

/** The run of the n-th copy, from 1; its runner is `rnr_bench<n>`. */
export function copiedRunId(n: number): string {
  return `run_bench${String(n).padStart(10, '0')}`;
}

/** One real task, run to its end by a real runner, and copies of its rows: their workflows are not there, and nothing that reads asks for them. */
export class CopiedTasks {
  #count = 0;

  private constructor(
    private readonly bed: Bed,
    private readonly taskId: string,
    private readonly runId: string,
    private readonly state: string,
  ) {}

  /** `state` is an SQL expression of a copy's number `n`. */
  static async open(bed: Bed, state = MIXED): Promise<CopiedTasks> {
    const of = {
      tenantId: 'bench',
      projectId: 'bench',
      backendProfile: 'exec',
      queue: 'bench-board',
      autoDispatch: true,
    };
    const { id } = await bed.api.send('POST', '/api/v1/queue/tasks', {
      ...of,
      prompt: 'for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.1; done',
    });
    const runId = await eventually(
      'the end of the task that is copied',
      async () => {
        const task = await bed.api.send('GET', `/api/v1/queue/tasks/${id}`);
        return task.state === 'completed' ? (task.latestAttempt?.runId ?? undefined) : undefined;
      },
      120_000,
    );
    await removeCopies(bed);
    return new CopiedTasks(bed, id, runId, state);
  }

  /** So many there are then, but for the first. Checked: each has all its rows. */
  async growTo(count: number): Promise<void> {
    const range = [this.#count + 1, count];
    for (const { table, of, changes, where = 'true' } of COPIES) {
      const id = of === 'task' ? this.taskId : this.runId;
      const key = KEYS[table] ?? `${of}_id`;
      await this.bed.bareDatabase.query(
        `INSERT INTO ${table} SELECT copy.* FROM ${table} t CROSS JOIN generate_series($2::int, $3::int) AS n
         CROSS JOIN LATERAL (SELECT ${this.state} AS state) AS s
         CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(${changes})) AS copy WHERE t.${key} = $1 AND ${where}`,
        [id, ...range],
      );
    }
    await this.bed.bareDatabase.query(
      `INSERT INTO task_readers (task_id, reader_id, seen) SELECT id, 'bench', news FROM tasks t
       WHERE id LIKE 'task_bench%' AND right(id, 2) <> '99' ON CONFLICT DO NOTHING`,
    );
    // As autovacuum does within a minute.
    for (const { table } of COPIES) await this.bed.bareDatabase.query(`VACUUM (ANALYZE) ${table}`);
    await this.bed.bareDatabase.query('VACUUM (ANALYZE) task_readers');
    this.#count = count;
    await this.#check();
  }

  async #check(): Promise<void> {
    const { rows } = await this.bed.bareDatabase.query(
      `SELECT count(*)::int AS whole FROM tasks t
       LEFT JOIN task_attempts a ON a.task_id = t.id AND a.attempt = t.attempt
       LEFT JOIN runs r ON r.id = a.run_id LEFT JOIN commands c ON c.id = a.command_id AND c.run_id = r.id
       LEFT JOIN run_streams s ON s.run_id = r.id LEFT JOIN run_leases l ON l.run_id = r.id LEFT JOIN runner_jobs j ON j.run_id = r.id
       WHERE t.id LIKE 'task_bench%' AND (t.state = 'pending' OR s.last_seq = (SELECT count(*) FROM run_events e WHERE e.run_id = r.id)
         AND l.run_id IS NOT NULL AND j.run_id IS NOT NULL AND c.id IS NOT NULL AND c.state = CASE t.state WHEN 'running' THEN 'acknowledged' ELSE t.state END)`,
    );
    if (rows[0]?.whole !== this.#count)
      throw new Error(`${this.#count} tasks were copied, and ${rows[0]?.whole} are whole`);
  }
}

/** Of 200: 189 completed, 6 failed, 1 blocked, 3 wait for a slot, 1 runs. */
const MIXED = `CASE n % 200 WHEN 0 THEN 'running' WHEN 1 THEN 'pending' WHEN 2 THEN 'pending' WHEN 3 THEN 'pending' WHEN 4 THEN 'blocked'
  ELSE CASE WHEN n % 200 < 11 THEN 'failed' ELSE 'completed' END END`;
const ENDED = `s.state NOT IN ('pending', 'running')`;
const idOf = (prefix: string) => `'${prefix}_bench' || lpad(n::text, 10, '0')`;
const CREATED = `now() - n * interval '20 s'`;
const FINISHED = `CASE WHEN ${ENDED} THEN ${CREATED} + interval '15 s' END`;
const FAILURE = `'failure_kind', CASE WHEN s.state IN ('failed', 'blocked') THEN 'backend-failed' END`;
const HAS_RUN = `s.state <> 'pending'`;

interface Copy {
  readonly table: string;
  readonly of: 'task' | 'run';
  /** What a copy has otherwise, as arguments of `jsonb_build_object`. */
  readonly changes: string;
  readonly where?: string;
}

const KEYS: Readonly<Record<string, string>> = { tasks: 'id', runs: 'id' };

/** In the order in which they refer to each other. */
const COPIES: readonly Copy[] = [
  {
    table: 'tasks',
    of: 'task',
    changes: `'id', ${idOf('task')}, 'queue', 'bench-board-' || n % 5, 'tenant_id', 'tenant-' || n % 3, 'state', s.state, ${FAILURE},
      'phase', CASE s.state WHEN 'pending' THEN 'waiting-for-slot' WHEN 'running' THEN 'running' ELSE 'ended' END,
      'attempt', CASE s.state WHEN 'pending' THEN 0 ELSE 1 END, 'news', CASE WHEN ${ENDED} THEN 1 ELSE 0 END,
      'slot_wanted_at', ${CREATED}, 'created_at', ${CREATED}, 'updated_at', ${CREATED} + interval '15 s', 'finished_at', ${FINISHED}`,
  },
  {
    table: 'runs',
    of: 'run',
    where: HAS_RUN,
    changes: `'id', ${idOf('run')}, 'tenant_id', 'tenant-' || n % 3, 'workflow_id', 'run:' || ${idOf('run')}, 'status', s.state, ${FAILURE},
      'terminal_status', CASE WHEN ${ENDED} THEN s.state END, 'created_at', ${CREATED}, 'finished_at', ${FINISHED}, 'volume_released_at', now()`,
  },
  {
    table: 'commands',
    of: 'run',
    where: HAS_RUN,
    changes: `'id', ${idOf('cmd')}, 'run_id', ${idOf('run')}, ${FAILURE}, 'created_at', ${CREATED}, 'finished_at', ${FINISHED},
      'state', CASE s.state WHEN 'running' THEN 'acknowledged' ELSE s.state END`,
  },
  {
    table: 'task_attempts',
    of: 'task',
    where: HAS_RUN,
    changes: `'task_id', ${idOf('task')}, 'run_id', ${idOf('run')}, 'command_id', ${idOf('cmd')}, 'state', s.state, ${FAILURE},
      'started_at', ${CREATED}, 'finished_at', ${FINISHED}`,
  },
  {
    table: 'run_leases',
    of: 'run',
    where: HAS_RUN,
    changes: `'run_id', ${idOf('run')}, 'workflow_id', 'run:' || ${idOf('run')}, 'alive', NOT (${ENDED}), 'ended', ${ENDED},
      'runner_id', 'rnr_bench' || n, 'attempt', 1, 'lease_ms', 3600000, 'expires_at', now() + interval '1 hour'`,
  },
  {
    table: 'run_streams',
    of: 'run',
    where: HAS_RUN,
    changes: `'run_id', ${idOf('run')}, 'attempt', 1, 'closed', ${ENDED}`,
  },
  {
    table: 'run_events',
    of: 'run',
    where: HAS_RUN,
    changes: `'run_id', ${idOf('run')}, 'command_id', CASE WHEN t.command_id IS NOT NULL THEN ${idOf('cmd')} END`,
  },
  {
    table: 'runner_jobs',
    of: 'run',
    where: HAS_RUN,
    changes: `'id', ${idOf('job')}, 'run_id', ${idOf('run')}, 'command_id', ${idOf('cmd')}, 'job_name', 'bench-' || n, 'attempt_id', 'bench-' || n`,
  },
];

/** Another part's, in other states. */
async function removeCopies({ bareDatabase }: Bed): Promise<void> {
  await bareDatabase.query(`DELETE FROM task_readers WHERE task_id LIKE 'task_bench%'`);
  for (const { table, of } of COPIES.toReversed()) {
    await bareDatabase.query(`DELETE FROM ${table} WHERE ${KEYS[table] ?? `${of}_id`} LIKE '${of}_bench%'`);
  }
}
