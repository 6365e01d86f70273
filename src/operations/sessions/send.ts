import type { RunCreate, RunRecord } from '../../contract/run.js';
import type { RunBase, SessionSend, SessionSendAnswer } from '../../contract/session-send.js';
import type { SessionRecord } from '../../contract/session.js';
import { conflict, invalid, missing, sessionStoreEvicted } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import { SESSION_TTL_MS } from '../../domain/session-state.js';
import type { Reservation } from '../../ports/reservation.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { assertMayAsk } from '../runs/open-run.js';
import { assertMayClone } from '../runs/repo-url.js';
import { assertMayNameImage } from '../runs/runner-image.js';
import { deliverSends } from './deliver-sends.js';
import { planOfSend } from './plan-send.js';
import { sentAnswer } from './sent-answer.js';

export interface SendRequest {
  readonly sessionId: string;
  readonly body: SessionSend;
  readonly traceId: string;
}

/**
 * Says something to a session: into the turn that runs, as a further turn of its live run, or as the first turn of a new one. The
 * session's workflow decides which; an unknown session is made. Repeating with the same key answers the first result, also after the
 * run's end.
 * @throws schema-invalid where nothing is said, or a new session has no tenant and project; forbidden for an image that the principal
 *   may not choose; conflict for another tenant's session; session-store-evicted; rate-limited; idempotency-conflict.
 */
export async function sendToSession(
  context: OperationContext,
  principal: Principal,
  { sessionId, body, traceId }: SendRequest,
): Promise<SessionSendAnswer> {
  const payload = payloadOf(body);
  const session = await context.sessions.get(sessionId, 'all');
  const run = await nextRun(context, sessionId, session, body);
  await assertMaySend(context, principal, session, run);
  const reservation = reservationOf(sessionId, run, body);
  await assertMayUse(context, principal, body.runnerJob?.image, reservation);
  await assertMayBegin(context, session, run, reservation);
  const runnerJob = body.createRunnerJob === false ? null : (body.runnerJob ?? {});
  if (body.dryRun === true) {
    if (session?.storageKind === 'evicted') throw sessionStoreEvicted(sessionId);
    return planOfSend(context, { session, sessionId, payload, run, body });
  }
  if (session === undefined) await makeSession(context, sessionId, run);
  const draft = { commandId: newId('cmd'), sessionId, payload };
  const drafted = await context.sessions.draftSend(draft, reservation);
  if (!drafted.opened) {
    const fresh = drafted.id === draft.commandId;
    const liveRunId = session?.activeRunId ?? null;
    const send = { sessionId, commandId: drafted.id, fresh, run, runnerJob, traceId, liveRunId };
    await context.sends.submit(send, (sends) => deliverSends(context, sends));
  }
  return sentAnswer(context, { sessionId, commandId: drafted.id, withJob: runnerJob !== null });
}

/** A repeat is answered the first result, whatever has become of what the image was allowed by. */
async function assertMayUse(
  context: OperationContext,
  principal: Principal,
  image: string | null | undefined,
  reservation: Reservation | undefined,
): Promise<void> {
  if (image === null || image === undefined) return;
  if (await isRepeat(context, reservation)) return;
  await assertMayNameImage(context, principal, image, 'runnerJob.image');
}

/** A live run has its clone, and a repeat is answered the first result. */
async function assertMayBegin(
  context: OperationContext,
  session: SessionRecord | undefined,
  run: RunCreate,
  reservation: Reservation | undefined,
): Promise<void> {
  if ((session?.activeRunId ?? null) !== null) return;
  try {
    assertMayClone(context, run);
  } catch (error) {
    if (!(await isRepeat(context, reservation))) throw error;
  }
}

async function isRepeat({ runs }: OperationContext, reservation: Reservation | undefined): Promise<boolean> {
  return reservation !== undefined && (await runs.findReserved(reservation)) !== undefined;
}

function payloadOf({ payload, prompt, message, text }: SessionSend): Record<string, unknown> {
  if (payload !== undefined) return payload;
  const said = prompt ?? message ?? text;
  if (said === undefined) throw invalid('prompt', 'one of payload, prompt, message or text must be given');
  return { prompt: said };
}

/** What a new run would be: as asked for, else as the session's last one was. */
async function nextRun(
  context: OperationContext,
  sessionId: string,
  session: SessionRecord | undefined,
  body: SessionSend,
): Promise<RunCreate> {
  const [field, base] = body.run ? (['run', body.run] as const) : (['runBase', body.runBase ?? {}] as const);
  const named = base.sessionRef?.sessionId;
  if (named !== undefined && named !== sessionId) {
    throw invalid(`${field}.sessionRef.sessionId`, `${field}.sessionRef.sessionId is not the session of the URL`);
  }
  const lastId = session?.lastRunId ?? null;
  const last = lastId === null ? undefined : await context.runs.getRun(lastId, 'all');
  const { tenantId = session?.tenantId, projectId = session?.projectId } = base;
  if (tenantId === undefined) throw invalid(`${fieldOf(body)}.tenantId`, NEW_SESSION);
  if (projectId === undefined) throw invalid(`${fieldOf(body)}.projectId`, NEW_SESSION);
  return {
    ...asBefore(session, last),
    ...base,
    ...policiesOf(base, last),
    tenantId,
    projectId,
    sessionRef: sessionRef(sessionId, session, base),
  };
}

/** Each of their fields by itself: a longer limit must not give back the rights that the session was kept from. */
function policiesOf(
  { executionPolicy, retryPolicy }: RunBase,
  last: RunRecord | undefined,
): Pick<RunCreate, 'executionPolicy' | 'retryPolicy'> {
  return {
    executionPolicy: executionPolicy === null ? null : { ...last?.executionPolicy, ...executionPolicy },
    retryPolicy: retryPolicy === null ? null : { ...last?.retryPolicy, ...retryPolicy },
  };
}

const NEW_SESSION = 'the session is new: run.tenantId and run.projectId say whose it is';

function fieldOf(body: SessionSend): string {
  return body.runBase && !body.run ? 'runBase' : 'run';
}

function asBefore(session: SessionRecord | undefined, last: RunRecord | undefined): Partial<RunCreate> {
  if (last === undefined) return session === undefined ? {} : { backendProfile: session.backendProfile };
  const { backendProfile, providerId, workspaceRef } = last;
  return { backendProfile, providerId, workspaceRef };
}

function sessionRef(sessionId: string, session: SessionRecord | undefined, base: RunBase): RunCreate['sessionRef'] {
  return {
    conversationId: session?.conversationId,
    ...base.sessionRef,
    sessionId,
  };
}

async function assertMaySend(
  context: OperationContext,
  principal: Principal,
  session: SessionRecord | undefined,
  run: RunCreate,
): Promise<void> {
  if (session !== undefined && session.tenantId !== run.tenantId) {
    // Says nothing of whose it is.
    throw conflict('sessionId is taken', { field: 'sessionId', sessionId: session.sessionId });
  }
  if (session !== undefined && !seesTenant(principal, session.tenantId)) throw missing('session', session.sessionId);
  await assertMayAsk(context, principal, run);
}

async function makeSession(context: OperationContext, sessionId: string, run: RunCreate): Promise<void> {
  await context.sessions.create({
    id: sessionId,
    tenantId: run.tenantId,
    projectId: run.projectId,
    backendProfile: run.backendProfile ?? 'codex',
    conversationId: run.sessionRef?.conversationId ?? null,
    codexRolloutSubdir: 'sessions',
    metadata: run.sessionRef?.metadata ?? {},
    ttlMs: SESSION_TTL_MS,
  });
}

function reservationOf(sessionId: string, { tenantId }: RunCreate, body: SessionSend): Reservation | undefined {
  const key = body.commandIdempotencyKey ?? body.idempotencyKey;
  if (key === undefined) return undefined;
  const asked = { ...body, commandIdempotencyKey: undefined };
  return { tenantId, route: `POST /api/v1/sessions/${sessionId}/send`, key, bodyHash: bodyHash(asked) };
}
