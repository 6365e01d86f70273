import type { Reservation } from '../ports/reservation.js';
import type { CreatedSession, SessionAction, SessionDraft } from '../ports/session-store.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { findReserved, keepOutcome, reserve } from './reservations.js';
import { ensureSession } from './sessions.js';

/** That it made the session is kept in the same transaction: whoever repeats the request after a crash is told so. */
export async function createSession(
  database: Database,
  draft: SessionDraft,
  reservation?: Reservation,
): Promise<CreatedSession> {
  if (reservation === undefined) return created(draft, await ensureSession(database, draft));
  return database.transaction(async (transaction) => {
    const found = await reserve(transaction, reservation, draft.id, async (id) => ({ id, opened: true }));
    if (found !== undefined)
      return (await findCreated(transaction, reservation)) ?? { sessionId: found.id, action: null };
    const isNew = await ensureSession(transaction, draft);
    if (isNew) await keepOutcome(transaction, reservation, 'session-created');
    return created(draft, isNew);
  });
}

function created({ id }: SessionDraft, isNew: boolean): CreatedSession {
  return { sessionId: id, action: isNew ? 'session-created' : null };
}

export async function findCreated(
  queryable: Queryable,
  reservation: Reservation | undefined,
): Promise<CreatedSession | undefined> {
  const found = reservation && (await findReserved(queryable, reservation));
  return found && { sessionId: found.thingId, action: found.outcome as SessionAction | null };
}

export async function keepAction(
  queryable: Queryable,
  reservation: Reservation,
  action: SessionAction,
): Promise<SessionAction> {
  return (await keepOutcome(queryable, reservation, action)) as SessionAction;
}
