import { missing } from '../domain/errors.js';
import type { Reservation } from '../ports/reservation.js';
import type { CommandDraft, Drafted, OpeningDraft, RunDraft } from '../ports/run-store.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { KEY_IS_FREE, keyValues, reserve, takingKey } from './reservations.js';
import { firstRow } from './rows.js';
import { requestJob } from './runner-jobs.js';
import { joinSession } from './sessions.js';

/** What can be drafted, and how a row says that it is no longer a draft. */
const DRAFTS = {
  run: { table: 'runs', isDraft: 'opened_at IS NULL' },
  command: { table: 'commands', isDraft: 'seq IS NULL' },
  task: { table: 'tasks', isDraft: 'opened_at IS NULL' },
} as const;

type DraftKind = keyof typeof DRAFTS;

export async function draftRun(
  database: Database,
  draft: RunDraft,
  reservation?: Reservation,
  opening?: OpeningDraft,
): Promise<Drafted> {
  const isAlone = draft.sessionRef === null && opening === undefined;
  if (isAlone && (await insertRun(database, draft, null, reservation))) return { id: draft.id, opened: false };
  return createDraft(database, 'run', draft.id, reservation, async (transaction) => {
    // A further run goes on with the session's thread, or says that it cannot: never with a fresh one unasked.
    const threadId = await joinSession(transaction, draft);
    await insertRun(transaction, draft, threadId);
    if (opening === undefined) return;
    await insertCommand(transaction, { ...opening.turn, runId: draft.id, type: 'turn' }, { ofDraft: true });
    if (opening.runnerJob !== null) await requestJob(transaction, opening.runnerJob);
  });
}

export async function draftCommand(
  database: Database,
  draft: CommandDraft,
  reservation?: Reservation,
): Promise<Drafted> {
  if (await insertCommand(database, draft, { reservation })) return { id: draft.id, opened: false };
  return createDraft(database, 'command', draft.id, reservation, async (transaction) => {
    if (!(await insertCommand(transaction, draft))) throw missing('run', draft.runId);
  });
}

/**
 * One request less that tries to open the draft; the last one takes draft and reservation away. Another request with the
 * same key may be opening it in this moment, and must not lose it. One that died is never counted down: maintenance does that.
 */
export async function dropDraft(database: Database, kind: DraftKind, id: string): Promise<void> {
  const { table, isDraft } = DRAFTS[kind];
  const dropped = await database.query(
    `WITH dropped AS (DELETE FROM ${table} WHERE id = $1 AND ${isDraft} AND draft_holders = 1 RETURNING id),
       key AS (DELETE FROM idempotency_keys k USING dropped d WHERE k.thing_id = d.id)
     SELECT FROM dropped`,
    [id],
  );
  if (dropped.rowCount === 0) await letGo(database, kind, id);
}

function letGo(database: Database, kind: DraftKind, id: string): Promise<void> {
  const { table, isDraft } = DRAFTS[kind];
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ draft_holders: number }>(
      `UPDATE ${table} SET draft_holders = draft_holders - 1 WHERE id = $1 AND ${isDraft} RETURNING draft_holders`,
      [id],
    );
    if (rows[0] === undefined || rows[0].draft_holders > 0) return;
    await transaction.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
    await transaction.query('DELETE FROM idempotency_keys WHERE thing_id = $1', [id]);
  });
}

/** One request less that tries to open the run; the draft stays for its workflow, which may have begun. Maintenance drops it in the end. */
export async function leaveDraft(database: Database, runId: string): Promise<void> {
  await database.query('UPDATE runs SET draft_holders = draft_holders - 1 WHERE id = $1 AND opened_at IS NULL', [
    runId,
  ]);
}

/** Answers the note's id. */
export async function writeNote(database: Database, runId: string, text: string): Promise<string> {
  const inserted = await database.query<{ id: string }>(
    `INSERT INTO notes (id, run_id, text) VALUES ('note_' || replace(gen_random_uuid()::text, '-', ''), $1, $2) RETURNING id`,
    [runId, text],
  );
  return firstRow(inserted).id;
}

/** Inserts the draft, or finds the one that an earlier request with the same key made; what is one row is tried by one statement before. */
export function createDraft(
  database: Database,
  kind: DraftKind,
  id: string,
  reservation: Reservation | undefined,
  insert: (transaction: Queryable) => Promise<void>,
): Promise<Drafted> {
  return database.transaction(async (transaction) => {
    const found =
      reservation && (await reserve(transaction, reservation, id, (thingId) => joinDraft(transaction, kind, thingId)));
    if (found !== undefined) return found;
    await insert(transaction);
    return { id, opened: false };
  });
}

/** Maintenance leaves alone what was repeated a short time ago. */
async function joinDraft(transaction: Queryable, kind: DraftKind, id: string): Promise<Drafted | undefined> {
  const { table, isDraft } = DRAFTS[kind];
  const joined = await transaction.query(
    `UPDATE ${table} SET draft_holders = draft_holders + 1, updated_at = now() WHERE id = $1 AND ${isDraft}`,
    [id],
  );
  if (joined.rowCount === 1) return { id, opened: false };
  const { rowCount } = await transaction.query(`SELECT FROM ${table} WHERE id = $1`, [id]);
  return rowCount === 1 ? { id, opened: true } : undefined;
}

const INSERT_RUN = {
  name: 'insert_run',
  text: `WITH ${takingKey()}
  INSERT INTO runs (id, tenant_id, project_id, provider_id, backend_profile, session_id, session_ref, workspace_ref,
    execution_policy, retry_policy, metadata, workflow_id, trace_id)
  SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 WHERE ${KEY_IS_FREE}`,
};

/** False where the key is taken, which is looked into in a transaction then. */
async function insertRun(
  queryable: Queryable,
  draft: RunDraft,
  threadId: string | null,
  reservation?: Reservation,
): Promise<boolean> {
  const sessionRef = draft.sessionRef && { ...draft.sessionRef, threadId: draft.sessionRef.threadId ?? threadId };
  const { rowCount } = await queryable.query(INSERT_RUN, [
    ...keyValues(reservation, draft.id),
    draft.tenantId,
    draft.projectId,
    draft.providerId,
    draft.backendProfile,
    sessionRef?.sessionId ?? null,
    sessionRef && JSON.stringify(sessionRef),
    JSON.stringify(draft.workspaceRef),
    JSON.stringify(draft.executionPolicy),
    JSON.stringify(draft.retryPolicy),
    JSON.stringify(draft.metadata),
    draft.workflowId,
    draft.traceId,
  ]);
  return rowCount === 1;
}

/** A draft is no run that a caller could speak to: only what drafts the run itself may add to it. */
const INSERT_COMMAND = {
  name: 'insert_command',
  text: `WITH run AS (SELECT r.id FROM runs r WHERE r.id = $6 AND (r.opened_at IS NOT NULL OR $7::boolean)), ${takingKey('FROM run')}
  INSERT INTO commands (id, run_id, type, payload) SELECT $5, run.id, $8, $9 FROM run WHERE ${KEY_IS_FREE}`,
};

/** False where there is no such run, or the key is taken. */
async function insertCommand(
  queryable: Queryable,
  draft: CommandDraft,
  { reservation, ofDraft = false }: { reservation?: Reservation; ofDraft?: boolean } = {},
): Promise<boolean> {
  const { rowCount } = await queryable.query(INSERT_COMMAND, [
    ...keyValues(reservation, draft.id),
    draft.runId,
    ofDraft,
    draft.type,
    JSON.stringify(draft.payload),
  ]);
  return rowCount === 1;
}
