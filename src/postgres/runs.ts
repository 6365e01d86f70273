import type { RunRecord } from '../contract/run.js';
import type { RunFilter, TenantScope } from '../ports/run-store.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { Database } from './pool.js';
import { RUN_COLUMNS, toRunRecord, type RunRow } from './run-mapping.js';

export const SELECT_RUNS = `SELECT ${RUN_COLUMNS}, l.expires_at AS lease_expires_at
  FROM runs r LEFT JOIN run_leases l ON l.run_id = r.id AND l.alive`;

const LIST = 'runs';

export async function getRun(database: Database, runId: string, tenants: TenantScope): Promise<RunRecord | undefined> {
  const { rows } = await database.query<RunRow>(
    `${SELECT_RUNS} WHERE r.id = $1 AND r.opened_at IS NOT NULL AND ($2::text[] IS NULL OR r.tenant_id = ANY ($2))`,
    [runId, tenants === 'all' ? null : tenants],
  );
  return rows[0] && toRunRecord(rows[0]);
}

export async function listRuns(
  database: Database,
  filter: RunFilter,
): Promise<{ items: RunRecord[]; nextCursor?: string }> {
  const { conditions, values } = where(filter);
  // One more than asked for tells whether a next page exists.
  values.push(filter.limit + 1);
  const { rows } = await database.query<RunRow>(
    `${SELECT_RUNS} WHERE ${conditions.join(' AND ')} ORDER BY r.created_at DESC, r.id DESC LIMIT $${values.length}`,
    values,
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const items = page.map(toRunRecord);
  if (last === undefined || rows.length === page.length) return { items };
  return { items, nextCursor: encodeCursor(LIST, { atMs: last.created_at.getTime(), id: last.id }) };
}

function where(filter: RunFilter): { conditions: string[]; values: unknown[] } {
  const conditions = ['r.opened_at IS NOT NULL'];
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;

  if (filter.tenants !== 'all') conditions.push(`r.tenant_id = ANY (${parameter(filter.tenants)}::text[])`);
  if (filter.tenantId !== undefined) conditions.push(`r.tenant_id = ${parameter(filter.tenantId)}`);
  if (filter.status !== undefined) conditions.push(`r.status = ${parameter(filter.status)}`);
  if (filter.sessionId !== undefined) conditions.push(`r.session_id = ${parameter(filter.sessionId)}`);
  if (filter.cursor !== undefined) {
    const after = decodeCursor(LIST, filter.cursor);
    const time = parameter(new Date(after.atMs).toISOString());
    conditions.push(`(r.created_at, r.id) < (${time}::timestamptz, ${parameter(after.id)})`);
  }
  return { conditions, values };
}
