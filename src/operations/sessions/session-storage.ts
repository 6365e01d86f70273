import type {
  SessionRecord,
  SessionStorage,
  StorageEvicted,
  StorageGcReport,
  StorageRefresh,
} from '../../contract/session.js';
import { conflict, forbidden, invalid, leaseLost, missing, sessionStoreEvicted } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import { requireInstallation, requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { requireSession } from './read-session.js';

/** @throws forbidden for a runner of another session. */
export async function readSessionStorage(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
): Promise<SessionStorage> {
  if (principal.kind === 'runner') await assertOwnSession(context, principal, sessionId);
  await requireSession(context, principal, sessionId);
  return storageOf(context, sessionId);
}

/**
 * Gives up the session's volume with all that is on it; asking again answers the same. Answers `session-storage-evicting` where the
 * platform takes longer than a caller waits: it is retried until the volume is gone.
 * @throws conflict while a run of the session lives or its runner is still ending, and for a session that never had storage.
 */
export async function evictSessionStorage(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
): Promise<StorageEvicted> {
  const session = await requireSession(context, principal, sessionId);
  const verdict = await context.sessionGateway.evict(sessionId);
  if (verdict === 'active-run') throw underRun(session);
  if (verdict === 'no-storage') throw conflict('the session has no storage', { sessionId });
  if (verdict === 'missing' || verdict === 'not-expired') throw missing('session', sessionId);
  const action = verdict === 'evicted' ? 'session-storage-evicted' : 'session-storage-evicting';
  return { action, sessionId, summary: await storageOf(context, sessionId), valuesPrinted: false };
}

/**
 * Records what a runner measured of its session's volume.
 * @throws forbidden for a runner of another session; lease-lost for one whose run another has followed; schema-invalid where it is not the
 *   session's volume; session-store-evicted.
 */
export async function refreshSessionStorage(
  context: OperationContext,
  principal: Principal,
  sessionId: string,
  body: StorageRefresh,
): Promise<SessionStorage> {
  if (principal.kind === 'runner') await assertOwnSession(context, principal, sessionId);
  const session = await requireSession(context, principal, sessionId);
  assertLastRun(principal, session);
  if (session.storageKind === 'evicted') throw sessionStoreEvicted(sessionId);
  const known = await storageOf(context, sessionId);
  for (const field of ['pvcName', 'namespace'] as const) {
    if (known[field] === null || known[field] === body[field]) continue;
    throw invalid(field, `${field} is not that of the session's volume`, { expected: known[field] });
  }
  const refreshed = await context.sessions.refreshStorage(sessionId, body);
  return refreshed ?? known;
}

/** One cycle: evicts the volumes of sessions whose time is over, and reports what it did and left. @throws forbidden for an operator of some tenants. */
export async function collectSessionStorage(context: OperationContext, principal: Principal): Promise<StorageGcReport> {
  requireInstallation(principal);
  return context.sessionGateway.collectStorage();
}

async function assertOwnSession(
  context: OperationContext,
  principal: Principal & { kind: 'runner' },
  sessionId: string,
): Promise<void> {
  const run = await requireRun(context, principal, principal.runId);
  if (run.sessionRef?.sessionId === sessionId) return;
  throw forbidden("a runner token reaches its own run's session only", { runId: principal.runId });
}

/** A run that has ended still tells what it leaves; what the next one does is not its to tell. */
function assertLastRun(principal: Principal, { lastRunId }: SessionRecord): void {
  if (principal.kind === 'operator' || principal.runId === lastRunId) return;
  throw leaseLost(principal.runId, { lastRunId });
}

async function storageOf(context: OperationContext, sessionId: string): Promise<SessionStorage> {
  const storage = await context.sessions.readStorage(sessionId);
  if (storage === undefined) throw missing('session', sessionId);
  return storage;
}

function underRun({ sessionId, activeRunId }: SessionRecord): Error {
  const message =
    activeRunId === null
      ? "the runner of the session's last run is still ending: its storage is in use; try again"
      : 'a run of the session lives: its storage is in use';
  return conflict(message, { sessionId, activeRunId });
}
