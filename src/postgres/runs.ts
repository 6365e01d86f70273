import type { RunRecord } from '../contract/run.js';
import { runVolumeName } from '../domain/volume-names.js';
import type { RunFilter, TenantScope } from '../ports/run-store.js';
import { afterCreation, decodeCursor, pageOf } from './cursor.js';
import type { Database } from './pool.js';
import { RUN_COLUMNS, toRunRecord, type RunRow } from './run-mapping.js';

export const SELECT_RUNS = `SELECT ${RUN_COLUMNS}, l.expires_at AS lease_expires_at
  FROM runs r LEFT JOIN run_leases l ON l.run_id = r.id AND l.alive`;

/** Read at every request that names a run: planned once per connection. */
const GET_RUN = {
  name: 'get_run',
  text: `${SELECT_RUNS} WHERE r.id = $1 AND r.opened_at IS NOT NULL AND ($2::text[] IS NULL OR r.tenant_id = ANY ($2))`,
};

const LIST = 'runs';

export async function getRun(database: Database, runId: string, tenants: TenantScope): Promise<RunRecord | undefined> {
  const { rows } = await database.query<RunRow>(GET_RUN, [runId, tenants === 'all' ? null : tenants]);
  return rows[0] && toRunRecord(rows[0]);
}

export async function volumeNameOf(database: Database, runId: string): Promise<string> {
  const { rows } = await database.query<{ session_id: string | null; volume_name: string | null }>(
    'SELECT session_id, volume_name FROM runs WHERE id = $1',
    [runId],
  );
  return rows[0]?.volume_name ?? runVolumeName({ runId, sessionId: rows[0]?.session_id ?? null });
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
  return pageOf(rows, filter.limit, toRunRecord, afterCreation(LIST));
}

function where(filter: RunFilter): { conditions: string[]; values: unknown[] } {
  const conditions = ['r.opened_at IS NOT NULL'];
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;

  if (filter.tenants !== 'all') conditions.push(`r.tenant_id = ANY (${parameter(filter.tenants)}::text[])`);
  if (filter.tenantId !== undefined) conditions.push(`r.tenant_id = ${parameter(filter.tenantId)}`);
  if (filter.status !== undefined) conditions.push(`r.status = ${parameter(filter.status)}`);
  if (filter.sessionId !== undefined) conditions.push(`r.session_id = ${parameter(filter.sessionId)}`);
  if (filter.isOpen === true) conditions.push('r.terminal_status IS NULL');
  if (filter.cursor !== undefined) {
    const after = decodeCursor(LIST, filter.cursor);
    const time = parameter(new Date(after.atMs).toISOString());
    conditions.push(`(r.created_at, r.id) < (${time}::timestamptz, ${parameter(after.id)})`);
  }
  return { conditions, values };
}
