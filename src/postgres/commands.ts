import { isTerminalStatus } from '../domain/outcome.js';
import type { CommandRecord } from '../contract/command.js';
import type { RunRecord } from '../contract/run.js';
import type { CommandState } from '../ports/board-records.js';
import type { RunStore, TenantScope } from '../ports/run-store.js';
import type { Database } from './pool.js';
import { isoOrNull, RUN_COLUMNS, toRunRecord, type RunRow } from './run-mapping.js';

/** Of `commands c`, all but what it says. */
export const COMMAND_COLUMNS = `c.id, c.run_id, c.seq, c.type, c.state, c.attempt, c.failure_kind, c.failure_message,
  c.thread_id, c.turn_id, c.superseded_by, c.cancel_requested_at, c.acknowledged_at, c.finished_at, c.created_at,
  c.updated_at`;

const COLUMNS = `${COMMAND_COLUMNS}, c.payload`;

export interface CommandRow {
  readonly id: string;
  readonly run_id: string;
  readonly seq: number;
  readonly type: CommandRecord['type'];
  readonly state: CommandRecord['state'];
  readonly payload: CommandRecord['payload'];
  readonly attempt: number | null;
  readonly failure_kind: CommandRecord['failureKind'];
  readonly failure_message: string | null;
  readonly thread_id: string | null;
  readonly turn_id: string | null;
  readonly superseded_by: string | null;
  readonly cancel_requested_at: Date | null;
  readonly acknowledged_at: Date | null;
  readonly finished_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const GET = {
  name: 'get_command',
  text: `SELECT ${COLUMNS} FROM commands c JOIN runs r ON r.id = c.run_id
    WHERE c.id = $1 AND c.seq IS NOT NULL AND ($2::text[] IS NULL OR r.tenant_id = ANY ($2))`,
};

/** The run's columns have names of their own beside the command's; `run_id` is the same in both. */
const RUN = 'run_';
const GET_WITH_RUN = {
  name: 'get_command_with_run',
  text: `SELECT ${COLUMNS}, ${RUN_COLUMNS.replaceAll(/r\.(\w+)/g, `$& AS ${RUN}$1`)}, l.expires_at AS ${RUN}lease_expires_at
    FROM commands c JOIN runs r ON r.id = c.run_id LEFT JOIN run_leases l ON l.run_id = r.id AND l.alive
    WHERE c.id = $1 AND c.seq IS NOT NULL AND r.opened_at IS NOT NULL AND ($2::text[] IS NULL OR r.tenant_id = ANY ($2))`,
};

export async function getCommandWithRun(
  database: Database,
  commandId: string,
  tenants: TenantScope,
): Promise<{ command: CommandRecord; run: RunRecord } | undefined> {
  const { rows } = await database.query<CommandRow>(GET_WITH_RUN, [commandId, tenants === 'all' ? null : tenants]);
  return rows[0] && { command: toCommandRecord(rows[0]), run: toRunRecord(runRowOf(rows[0])) };
}

function runRowOf(row: object): RunRow {
  const columns = Object.entries(row).filter(([name]) => name.startsWith(RUN));
  return Object.fromEntries(
    columns.map(([name, value]) => [name.slice(RUN.length), value as unknown]),
  ) as unknown as RunRow;
}

export async function getCommand(
  database: Database,
  commandId: string,
  tenants: TenantScope,
): Promise<CommandRecord | undefined> {
  const { rows } = await database.query<CommandRow>(GET, [commandId, tenants === 'all' ? null : tenants]);
  return rows[0] && toCommandRecord(rows[0]);
}

export async function listCommands(
  database: Database,
  query: Parameters<RunStore['listCommands']>[0],
): Promise<CommandRecord[]> {
  const open = query.openOnly ? `AND c.state IN ('pending', 'acknowledged')` : '';
  const { rows } = await database.query<CommandRow>(
    `SELECT ${COLUMNS} FROM commands c WHERE c.run_id = $1 AND c.seq > $2 ${open} ORDER BY c.seq LIMIT $3`,
    [query.runId, query.afterSeq, query.limit],
  );
  return rows.map(toCommandRecord);
}

export async function getCancelMarks(
  database: Database,
  runId: string,
): Promise<{ cancelRequestedAt: string | null; cancelCommandIds: string[] }> {
  const { rows } = await database.query<{ cancel_requested_at: Date | null; cancel_command_ids: string[] }>(
    'SELECT cancel_requested_at, cancel_command_ids FROM run_leases WHERE run_id = $1',
    [runId],
  );
  return {
    cancelRequestedAt: isoOrNull(rows[0]?.cancel_requested_at ?? null),
    cancelCommandIds: rows[0]?.cancel_command_ids ?? [],
  };
}

export function toCommandRecord(row: CommandRow): CommandRecord {
  return { ...toCommandState(row), payload: row.payload };
}

export function toCommandState(row: Omit<CommandRow, 'payload'>): CommandState {
  return {
    id: row.id,
    runId: row.run_id,
    seq: row.seq,
    type: row.type,
    state: row.state,
    terminalStatus: isTerminalStatus(row.state) ? row.state : null,
    failureKind: row.failure_kind,
    failureMessage: row.failure_message,
    threadId: row.thread_id,
    turnId: row.turn_id,
    attempt: row.attempt,
    supersededBy: row.superseded_by,
    cancelRequestedAt: isoOrNull(row.cancel_requested_at),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    acknowledgedAt: isoOrNull(row.acknowledged_at),
    finishedAt: isoOrNull(row.finished_at),
  };
}
