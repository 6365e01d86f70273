import { AgentRunError, missing, sessionStoreEvicted } from '../domain/errors.js';
import type { SendDecision } from '../domain/run-snapshot.js';
import type { Drafted, Reservation } from '../ports/run-store.js';
import type { DecidedSend, SendDraft } from '../ports/session-store.js';
import { getCommand } from './commands.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { reserve } from './reservations.js';

/** A command without a run, until one of the session's has taken it. */
export function draftSend(database: Database, draft: SendDraft, reservation?: Reservation): Promise<Drafted> {
  return database.transaction(async (transaction) => {
    const found =
      reservation && (await reserve(transaction, reservation, draft.commandId, (id) => joinSend(transaction, id)));
    if (found !== undefined) return found;
    const { rowCount } = await transaction.query(
      `INSERT INTO commands (id, session_id, type, payload) SELECT $1, s.id, 'turn', $3 FROM sessions s
       WHERE s.id = $2 AND s.storage_state NOT IN ('evicting', 'evicted')`,
      [draft.commandId, draft.sessionId, JSON.stringify(draft.payload)],
    );
    if (rowCount === 0) throw await whyNotDrafted(transaction, draft.sessionId);
    return { id: draft.commandId, opened: false };
  });
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
  const command = await getCommand(database, commandId, 'all');
  if (command === undefined) return undefined;
  const { rows } = await database.query<{ send_decision: SendDecision | null }>(
    'SELECT send_decision FROM commands WHERE id = $1',
    [commandId],
  );
  const decision = rows[0]?.send_decision;
  if (!decision) throw new AgentRunError('infra-failed', 'missing', `command ${commandId} was not sent to a session`);
  return { command, decision };
}
