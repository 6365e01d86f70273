import { conflict, sessionStoreEvicted } from '../domain/errors.js';
import { SESSION_TTL_MS } from '../domain/session-state.js';
import type { SessionRecord } from '../contract/session.js';
import type { RunDraft, TenantScope } from '../ports/run-store.js';
import type { RunIdsQuery, SessionDraft, SessionFilter } from '../ports/session-store.js';
import { decodeCursor, encodeCursor, pageOf } from './cursor.js';
import { LEASE_OVER } from './leases.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { SESSION_COLUMNS, toSessionRecord, type SessionRow } from './session-mapping.js';

/** `$1` is the reader. */
export const SELECT_SESSIONS = `SELECT ${SESSION_COLUMNS}, s.news > coalesce(m.seen, 0) AS unread,
    coalesce(${LEASE_OVER}, false) AS lease_over
  FROM sessions s CROSS JOIN api_liveness a
    LEFT JOIN session_readers m ON m.session_id = s.id AND m.reader_id = $1
    LEFT JOIN run_leases l ON l.run_id = s.active_run_id`;

const LIST = 'sessions';
export const NO_READER = '';

/** Makes the session unless it is there; answers whether it did. @throws conflict when it is another tenant's. */
export async function ensureSession(queryable: Queryable, draft: SessionDraft, field = 'sessionId'): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `INSERT INTO sessions (id, tenant_id, project_id, backend_profile, conversation_id, codex_rollout_subdir, metadata,
       ttl_ms, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8::bigint, now() + $8::bigint * interval '1 ms') ON CONFLICT DO NOTHING`,
    [
      draft.id,
      draft.tenantId,
      draft.projectId,
      draft.backendProfile,
      draft.conversationId,
      draft.codexRolloutSubdir,
      JSON.stringify(draft.metadata),
      draft.ttlMs,
    ],
  );
  if (rowCount === 1) return true;
  const { rows } = await queryable.query<{ tenant_id: string }>('SELECT tenant_id FROM sessions WHERE id = $1', [
    draft.id,
  ]);
  if (rows[0]?.tenant_id !== draft.tenantId) throw taken(draft.id, field);
  return false;
}

/** Says nothing of whose it is. */
function taken(sessionId: string, field: string): Error {
  return conflict(`${field} is taken`, { field, sessionId });
}

/**
 * Within the transaction that drafts a run of it: makes the session unless it is there, and holds it, so that its storage is not given
 * up meanwhile. Answers the session's thread. @throws conflict when it is another tenant's; session-store-evicted.
 */
export async function joinSession(transaction: Queryable, run: RunDraft): Promise<string | null> {
  if (run.sessionRef === null) return null;
  const { sessionId } = run.sessionRef;
  const field = 'sessionRef.sessionId';
  const held = async () => (await transaction.query<HeldSession>(HOLD, [sessionId])).rows[0];
  let session = await held();
  if (session === undefined) {
    await ensureSession(transaction, sessionOf(run, run.sessionRef), field);
    session = await held();
  }
  if (session?.tenant_id !== run.tenantId) throw taken(sessionId, field);
  const { storage_state: state, thread_id: threadId } = session;
  if (state === 'evicting' || state === 'evicted') throw sessionStoreEvicted(sessionId);
  return threadId;
}

const HOLD = 'SELECT tenant_id, storage_state, thread_id FROM sessions WHERE id = $1 FOR SHARE';

interface HeldSession {
  readonly tenant_id: string;
  readonly storage_state: string;
  readonly thread_id: string | null;
}

function sessionOf(run: RunDraft, ref: NonNullable<RunDraft['sessionRef']>): SessionDraft {
  return {
    id: ref.sessionId,
    tenantId: run.tenantId,
    projectId: run.projectId,
    backendProfile: run.backendProfile,
    conversationId: ref.conversationId ?? null,
    codexRolloutSubdir: 'sessions',
    metadata: ref.metadata ?? {},
    ttlMs: SESSION_TTL_MS,
  };
}

export async function getSession(
  database: Database,
  sessionId: string,
  tenants: TenantScope,
  readerId: string,
): Promise<SessionRecord | undefined> {
  const row = await findSession(database, sessionId, tenants, readerId);
  return row && toSessionRecord(row);
}

export async function findSession(
  database: Queryable,
  sessionId: string,
  tenants: TenantScope,
  readerId = NO_READER,
): Promise<SessionRow | undefined> {
  const { rows } = await database.query<SessionRow>(
    `${SELECT_SESSIONS} WHERE s.id = $2 AND ($3::text[] IS NULL OR s.tenant_id = ANY ($3))`,
    [readerId, sessionId, tenants === 'all' ? null : tenants],
  );
  return rows[0];
}

export async function listSessions(
  database: Database,
  filter: SessionFilter,
): Promise<{ items: SessionRecord[]; nextCursor?: string }> {
  const { conditions, values } = where(filter);
  // One more than asked for tells whether a next page exists.
  values.push(filter.limit + 1);
  const { rows } = await database.query<SessionRow>(
    `${SELECT_SESSIONS} WHERE ${conditions.join(' AND ')} ORDER BY s.last_activity_at DESC, s.id DESC LIMIT $${values.length}`,
    values,
  );
  return pageOf(rows, filter.limit, toSessionRecord, (last) =>
    encodeCursor(LIST, { atMs: last.last_activity_at.getTime(), id: last.id }),
  );
}

/** As `attentionState` decides it. Its first line says nothing of its own: it leaves few rows of many to be joined with leases and marks. */
const NEEDS_ATTENTION = `(s.active_run_id IS NOT NULL OR s.terminal_status IN ('blocked', 'failed'))
    AND (coalesce(${LEASE_OVER}, false) OR s.execution_state NOT IN ('pending', 'running')
      AND (s.terminal_status = 'blocked' OR s.terminal_status = 'failed' AND s.news > coalesce(m.seen, 0)))`;

const STATE_CONDITIONS: Record<NonNullable<SessionFilter['state']>, string> = {
  active: `s.execution_state IN ('pending', 'running')`,
  running: `s.execution_state = 'running'`,
  idle: `s.execution_state = 'idle'`,
  unread: 's.news > coalesce(m.seen, 0)',
  'needs-attention': `${NEEDS_ATTENTION} AND s.storage_state NOT IN ('evicting', 'evicted')`,
  terminal: `s.execution_state = 'terminal'`,
  failed: `s.terminal_status IN ('failed', 'blocked')`,
  evicted: `s.storage_state IN ('evicting', 'evicted')`,
};

function where(filter: SessionFilter): { conditions: string[]; values: unknown[] } {
  const conditions = ['true'];
  const values: unknown[] = [filter.readerId];
  const parameter = (value: unknown): string => `$${values.push(value)}`;

  if (filter.tenants !== 'all') conditions.push(`s.tenant_id = ANY (${parameter(filter.tenants)}::text[])`);
  if (filter.backendProfile !== undefined) conditions.push(`s.backend_profile = ${parameter(filter.backendProfile)}`);
  if (filter.state !== undefined) conditions.push(STATE_CONDITIONS[filter.state]);
  if (filter.cursor !== undefined) {
    const after = decodeCursor(LIST, filter.cursor);
    const time = parameter(new Date(after.atMs).toISOString());
    conditions.push(`(s.last_activity_at, s.id) < (${time}::timestamptz, ${parameter(after.id)})`);
  }
  return { conditions, values };
}

/** What comes after is unread again. */
export async function markRead(database: Database, sessionId: string, readerId: string): Promise<void> {
  await database.query(
    `INSERT INTO session_readers (session_id, reader_id, seen) SELECT s.id, $2, s.news FROM sessions s WHERE s.id = $1
     ON CONFLICT (session_id, reader_id) DO UPDATE
       SET seen = greatest(session_readers.seen, excluded.seen), read_at = now()`,
    [sessionId, readerId],
  );
}

/** As if the reader had not seen the last that happened. */
export async function markUnread(database: Database, sessionId: string, readerId: string): Promise<void> {
  await database.query(
    `INSERT INTO session_readers (session_id, reader_id, seen) SELECT s.id, $2, greatest(s.news - 1, 0) FROM sessions s WHERE s.id = $1
     ON CONFLICT (session_id, reader_id) DO UPDATE SET seen = least(session_readers.seen, excluded.seen)`,
    [sessionId, readerId],
  );
}

export async function listRunIds(database: Database, sessionId: string, query: RunIdsQuery): Promise<string[]> {
  // As they were opened, one after the other: an old draft may be opened late, and must not come before what was read already.
  const isBackward = 'toRunId' in query;
  const [order, comparison] = isBackward ? ['DESC', '<='] : ['ASC', '>='];
  const { rows } = await database.query<{ id: string }>(
    `SELECT r.id FROM sessions s JOIN runs r ON r.session_id = s.id AND r.tenant_id = s.tenant_id
     WHERE s.id = $1 AND r.opened_at IS NOT NULL
       AND ($2::text IS NULL OR (r.opened_at, r.id) ${comparison} (SELECT f.opened_at, f.id FROM runs f WHERE f.id = $2))
     ORDER BY r.opened_at ${order}, r.id ${order} LIMIT $3`,
    [sessionId, (isBackward ? query.toRunId : query.fromRunId) ?? null, query.limit],
  );
  return rows.map((row) => row.id);
}
