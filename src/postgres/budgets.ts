import type { TenantBudget } from '../contract/tenant-budget.js';
import { exceededBudget, type BudgetPeriod } from '../domain/budgets.js';
import type { BudgetedTask, BudgetStore } from '../ports/budget-store.js';
import { decodeNameCursor, encodeNameCursor, pageOf } from './cursor.js';
import type { Database } from './pool.js';
import { SUM_OF_TOKENS } from './usage.js';

const PERIOD_START = `date_trunc(b.period, now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`;
const PERIOD_END = `(date_trunc(b.period, now() AT TIME ZONE 'UTC') + ('1 ' || b.period)::interval) AT TIME ZONE 'UTC'`;

/** A command counts in the period in which it last told of tokens; an attempt with the part of it that lies in the period. */
const TENANTS = `SELECT b.tenant_id, b.period, b.max_tokens, b.max_wall_time_ms, b.updated_at, ${PERIOD_END} AS period_ends_at,
    (SELECT ${SUM_OF_TOKENS} FROM command_usage u
      WHERE u.tenant_id = b.tenant_id AND u.updated_at >= ${PERIOD_START}) AS used_tokens,
    (SELECT coalesce(sum(extract(epoch FROM coalesce(a.finished_at, now()) - greatest(a.started_at, ${PERIOD_START}))), 0)
      FROM task_attempts a JOIN tasks t ON t.id = a.task_id
      WHERE t.tenant_id = b.tenant_id AND (a.finished_at IS NULL OR a.finished_at > ${PERIOD_START})) AS used_seconds
  FROM tenant_budgets b`;

interface TenantRow {
  readonly tenant_id: string;
  readonly period: BudgetPeriod;
  readonly max_tokens: number | null;
  readonly max_wall_time_ms: number | null;
  readonly updated_at: Date;
  readonly period_ends_at: Date;
  readonly used_tokens: number;
  readonly used_seconds: string;
}

const ofTasks = (tasks: string) => `SELECT t.id, t.attempt, t.max_tokens AS task_max_tokens,
    t.max_wall_time_ms AS task_max_wall_time_ms, t.wall_time_ms,
    (SELECT ${SUM_OF_TOKENS} FROM task_attempts a JOIN command_usage u ON u.command_id = a.command_id
      WHERE a.task_id = t.id) AS task_tokens,
    n.*
  FROM ${tasks} t LEFT JOIN tenants n ON n.tenant_id = t.tenant_id`;

const ONE = `WITH tenants AS (${TENANTS}) ${ofTasks('tasks')}
  WHERE t.id = $1 AND (t.max_tokens IS NOT NULL OR t.max_wall_time_ms IS NOT NULL OR n.tenant_id IS NOT NULL)`;

/**
 * All that have a live attempt and a cap, but for those that only their own workflow times. Each half has an index, and an array is a few
 * for the planner, which thinks much of a table that was never analyzed. What a tenant used is counted once.
 */
const AT_WORK = `t.state = 'running' AND t.phase = 'running'`;
const RUNNING = `WITH tenants AS MATERIALIZED (${TENANTS}) ${ofTasks(`(
    SELECT t.* FROM tasks t WHERE ${AT_WORK} AND t.max_tokens IS NOT NULL
    UNION ALL
    SELECT t.* FROM tasks t WHERE ${AT_WORK} AND t.max_tokens IS NULL
      AND t.tenant_id = ANY (ARRAY(SELECT b.tenant_id FROM tenant_budgets b))
  )`)}`;

interface TaskBudgetRow extends Partial<TenantRow> {
  readonly id: string;
  readonly attempt: number;
  readonly task_max_tokens: number | null;
  readonly task_tokens: number;
  readonly task_max_wall_time_ms: number | null;
  readonly wall_time_ms: number;
}

export function createBudgetStore(database: Database): BudgetStore {
  const get = async (tenantId: string) => {
    const { rows } = await database.query<TenantRow>(`${TENANTS} WHERE b.tenant_id = $1`, [tenantId]);
    return rows[0] && toTenantBudget(rows[0]);
  };
  return {
    get,
    async list({ tenants, limit, cursor }) {
      const after = cursor === undefined ? '' : decodeNameCursor('budgets', cursor);
      const { rows } = await database.query<TenantRow>(
        `${TENANTS} WHERE b.tenant_id > $1 AND ($2::text[] IS NULL OR b.tenant_id = ANY ($2))
         ORDER BY b.tenant_id LIMIT $3`,
        [after, tenants === 'all' ? null : tenants, limit + 1],
      );
      return pageOf(rows, limit, toTenantBudget, (last) => encodeNameCursor('budgets', last.tenant_id));
    },
    async put(tenantId, { period = 'day', maxTokens = null, maxWallTimeMs = null }) {
      await database.query(
        `INSERT INTO tenant_budgets (tenant_id, period, max_tokens, max_wall_time_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET period = excluded.period, max_tokens = excluded.max_tokens,
           max_wall_time_ms = excluded.max_wall_time_ms, updated_at = now()`,
        [tenantId, period, maxTokens, maxWallTimeMs],
      );
      const budget = await get(tenantId);
      if (budget === undefined) throw new Error(`the budget of ${tenantId} was written but is not there`);
      return budget;
    },
    async delete(tenantId) {
      const { rowCount } = await database.query('DELETE FROM tenant_budgets WHERE tenant_id = $1', [tenantId]);
      return rowCount === 1;
    },
    async ofTask(taskId) {
      const { rows } = await database.query<TaskBudgetRow>(ONE, [taskId]);
      return rows[0] && toBudgetedTask(rows[0]);
    },
    listRunning: async () => (await database.query<TaskBudgetRow>(RUNNING)).rows.map(toBudgetedTask),
  };
}

const NO_TASK = { maxTokens: null, usedTokens: 0, maxWallTimeMs: null, usedWallTimeMs: 0 };

function toTenantBudget(row: TenantRow): TenantBudget {
  const caps = capsOf(row);
  return {
    tenantId: row.tenant_id,
    ...caps,
    periodEndsAt: row.period_ends_at.toISOString(),
    exceeded: exceededBudget({ ...NO_TASK, tenant: caps }) !== null,
    updatedAt: row.updated_at.toISOString(),
    valuesPrinted: false,
  };
}

function toBudgetedTask(row: TaskBudgetRow): BudgetedTask {
  return {
    taskId: row.id,
    attempt: row.attempt,
    maxTokens: row.task_max_tokens,
    usedTokens: row.task_tokens,
    maxWallTimeMs: row.task_max_wall_time_ms,
    usedWallTimeMs: row.wall_time_ms,
    tenant: hasTenant(row) ? capsOf(row) : null,
  };
}

function capsOf(row: TenantRow) {
  return {
    period: row.period,
    maxTokens: row.max_tokens,
    usedTokens: row.used_tokens,
    maxWallTimeMs: row.max_wall_time_ms,
    usedWallTimeMs: Math.max(0, Math.round(Number(row.used_seconds) * 1_000)),
  };
}

function hasTenant(row: TaskBudgetRow): row is TaskBudgetRow & TenantRow {
  return typeof row.tenant_id === 'string';
}
