import { AgentRunError, missing, sessionStoreEvicted } from '../domain/errors.js';
import type { SendDecision } from '../domain/run-snapshot.js';
import type { Reservation } from '../ports/reservation.js';
import type { Drafted } from '../ports/run-store.js';
import type { DecidedSend, SendDraft } from '../ports/session-store.js';
import { COMMAND_COLUMNS, toCommandRecord, type CommandRow } from './commands.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { KEY_IS_FREE, keyValues, reserve, takingKey } from './reservations.js';

const INSERT = {
  name: 'insert_send',
  text: `WITH session AS (SELECT s.id FROM sessions s WHERE s.id = $6 AND s.storage_state NOT IN ('evicting', 'evicted')),
    ${takingKey('FROM session')}
  INSERT INTO commands (id, session_id, type, payload) SELECT $5, session.id, 'turn', $7 FROM session WHERE ${KEY_IS_FREE}`,
};

/** A command without a run, until one of the session's has taken it. */
export async function draftSend(database: Database, draft: SendDraft, reservation?: Reservation): Promise<Drafted> {
  const drafted = { id: draft.commandId, opened: false };
  if (await insertSend(database, draft, reservation)) return drafted;
  return database.transaction(async (transaction) => {
    const found =
      reservation && (await reserve(transaction, reservation, draft.commandId, (id) => joinSend(transaction, id)));
    if (found !== undefined) return found;
    if (!(await insertSend(transaction, draft))) throw await whyNotDrafted(transaction, draft.sessionId);
    return drafted;
  });
}

/** False where the session takes none, or the key is taken. */
async function insertSend(
  queryable: Queryable,
  { commandId, sessionId, payload }: SendDraft,
  reservation?: Reservation,
): Promise<boolean> {
  const values = [...keyValues(reservation, commandId), sessionId, JSON.stringify(payload)];
  return (await queryable.query(INSERT, values)).rowCount === 1;
}

async function whyNotDrafted(transaction: Queryable, sessionId: string): Promise<Error> {
  const { rowCount } = await transaction.query('SELECT FROM sessions WHERE id = $1', [sessionId]);
  return rowCount === 0 ? missing('session', sessionId) : sessionStoreEvicted(sessionId);
}

async function joinSend(transaction: Queryable, id: string): Promise<Drafted | undefined> {
  // Maintenance leaves alone what was repeated a short time ago.
  await transaction.query('UPDATE commands SET updated_at = now() WHERE id = $1 AND seq IS NULL', [id]);
  const { rows } = await transaction.query<{ seq: number | null }>('SELECT seq FROM commands WHERE id = $1', [id]);
  return rows[0] && { id, opened: rows[0].seq !== null };
}

/** Of these, the commands that no run has taken. */
export async function findCommandDrafts(database: Database, commandIds: readonly string[]): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(
    'SELECT id FROM commands WHERE id = ANY ($1::text[]) AND seq IS NULL',
    [commandIds],
  );
  return rows.map((row) => row.id);
}

export async function readSend(database: Database, commandId: string): Promise<DecidedSend | undefined> {
  const { rows } = await database.query<CommandRow & { send_decision: SendDecision | null }>(
    `SELECT ${COMMAND_COLUMNS}, c.payload, c.send_decision FROM commands c WHERE c.id = $1 AND c.seq IS NOT NULL`,
    [commandId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { send_decision: decision } = row;
  if (!decision) throw new AgentRunError('infra-failed', 'missing', `command ${commandId} was not sent to a session`);
  return { command: toCommandRecord(row), decision };
}
