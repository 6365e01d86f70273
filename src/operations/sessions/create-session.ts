import type { SessionCreate, SessionCreated, SessionRecord } from '../../contract/session.js';
import { forbidden, invalid, sessionStoreEvicted } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import { SESSION_TTL_MS } from '../../domain/session-state.js';
import type { Reservation } from '../../ports/reservation.js';
import type { CreatedSession, SessionAction, SessionDraft } from '../../ports/session-store.js';
import { bodyHash } from '../body-hash.js';
import { assertBackendKnown } from '../runs/open-run.js';
import type { OperationContext } from '../context.js';
import { requireSession } from './read-session.js';
import { ensureVolume } from './session-volume.js';

const ROUTE = 'POST /api/v1/sessions';

/**
 * Makes a session with its volume. The record comes first, and the volume's name follows from its id, so that a crash between the two
 * leaves nothing that nobody knows of: whoever asks again gets the volume made. A repeat with the same key answers the first action.
 * @throws session-store-evicted for a session whose storage was given up; conflict for another tenant's id; idempotency-conflict.
 */
export async function createSession(
  context: OperationContext,
  principal: Principal,
  body: SessionCreate,
): Promise<SessionCreated> {
  if (!seesTenant(principal, body.tenantId)) {
    throw forbidden('this token does not reach that tenant', { field: 'tenantId' });
  }
  const reservation = reservationOf(body);
  // A repeat is answered from what is kept: the time that it names may be over by now, its backend gone.
  const earlier = await findCreated(context, reservation);
  const made = earlier ?? (await makeRecord(context, body, reservation));
  const isNew = earlier === undefined && made.action === 'session-created';
  const action = isNew ? 'session-created' : await actionOnEarlier(context, principal, made, reservation);
  const pvc = await ensureVolume(context, made.sessionId);
  const session = await requireSession(context, principal, made.sessionId);
  if (action !== 'session-exists') return { action, session, pvc, valuesPrinted: false };
  const { storagePvcName: pvcName, storagePvcPhase: pvcPhase, codexRolloutSubdir } = session;
  return { action, session, pvcName, pvcPhase, codexRolloutSubdir, valuesPrinted: false };
}

async function findCreated(
  { sessions }: OperationContext,
  reservation: Reservation | undefined,
): Promise<CreatedSession | undefined> {
  return reservation && sessions.findCreated(reservation);
}

async function makeRecord(
  context: OperationContext,
  body: SessionCreate,
  reservation: Reservation | undefined,
): Promise<CreatedSession> {
  const draft = draftOf(body);
  await assertBackendKnown(context, draft.backendProfile);
  return context.sessions.create(draft, reservation);
}

/** What is told of a session that was there before this request: the same whenever it is repeated. */
async function actionOnEarlier(
  context: OperationContext,
  principal: Principal,
  { sessionId, action }: CreatedSession,
  reservation: Reservation | undefined,
): Promise<SessionAction> {
  const session = await requireSession(context, principal, sessionId);
  if (session.storageKind === 'evicted') throw sessionStoreEvicted(sessionId);
  if (action !== null) return action;
  const found = await actionOnExisting(context, session);
  return reservation === undefined ? found : context.sessions.keepAction(reservation, found);
}

/** A session that was there before may have lost its volume, or have none yet. */
async function actionOnExisting(
  { volumes }: OperationContext,
  { storagePvcName: name }: SessionRecord,
): Promise<SessionAction> {
  const hasVolume = name !== null && (await volumes.describe(name)) !== undefined;
  return hasVolume ? 'session-exists' : 'session-storage-recovered';
}

function draftOf(body: SessionCreate): SessionDraft {
  return {
    id: body.sessionId ?? newId('sess'),
    tenantId: body.tenantId,
    projectId: body.projectId,
    backendProfile: body.backendProfile ?? 'codex',
    conversationId: body.conversationId ?? null,
    codexRolloutSubdir: body.codexRolloutSubdir ?? 'sessions',
    metadata: body.metadata ?? {},
    ttlMs: ttlOf(body.expiresAt),
  };
}

function ttlOf(expiresAt: string | undefined): number {
  if (expiresAt === undefined) return SESSION_TTL_MS;
  const ttlMs = Date.parse(expiresAt) - Date.now();
  if (!(ttlMs > 0)) throw invalid('expiresAt', 'expiresAt must be in the future');
  return ttlMs;
}

function reservationOf(body: SessionCreate): Reservation | undefined {
  const { tenantId, idempotencyKey: key } = body;
  return key === undefined ? undefined : { tenantId, route: ROUTE, key, bodyHash: bodyHash(body) };
}
