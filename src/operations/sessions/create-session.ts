import type { SessionCreate, SessionCreated } from '../../contract/session.js';
import { forbidden, invalid, sessionStoreEvicted } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import { SESSION_TTL_MS } from '../../domain/session-state.js';
import type { SessionDraft } from '../../ports/session-store.js';
import { bodyHash } from '../body-hash.js';
import { assertBackendKnown } from '../runs/open-run.js';
import type { OperationContext } from '../context.js';
import { requireSession } from './read-session.js';
import { ensureVolume } from './session-volume.js';

const ROUTE = 'POST /api/v1/sessions';

/**
 * Makes a session with its volume. The record comes first, and the volume's name follows from its id, so that a crash between the two
 * leaves nothing that nobody knows of: whoever asks again gets the volume made.
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
  const draft = draftOf(body);
  await assertBackendKnown(context, draft.backendProfile);
  const { sessionId, created } = await context.sessions.create(draft, reservationOf(body));
  const before = await requireSession(context, principal, sessionId);
  if (before.storageKind === 'evicted') throw sessionStoreEvicted(sessionId);
  const had = before.storagePvcName !== null && (await context.volumes.describe(before.storagePvcName)) !== undefined;
  if (had && !created) {
    const { storagePvcName: pvcName, storagePvcPhase: pvcPhase, codexRolloutSubdir } = before;
    return { action: 'session-exists', session: before, pvcName, pvcPhase, codexRolloutSubdir, valuesPrinted: false };
  }
  const pvc = await ensureVolume(context, sessionId);
  const session = await requireSession(context, principal, sessionId);
  return { action: created ? 'session-created' : 'session-storage-recovered', session, pvc, valuesPrinted: false };
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

function reservationOf(body: SessionCreate) {
  const { tenantId, idempotencyKey: key } = body;
  return key === undefined ? undefined : { tenantId, route: ROUTE, key, bodyHash: bodyHash(body) };
}
