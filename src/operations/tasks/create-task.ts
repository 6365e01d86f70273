import { DEFAULT_READER } from '../../contract/session.js';
import type { TaskCreate, TaskSummary } from '../../contract/task.js';
import { conflict, forbidden, sessionStoreEvicted, unavailable } from '../../domain/errors.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import type { Reservation } from '../../ports/reservation.js';
import type { Drafted } from '../../ports/run-store.js';
import type { TaskDraft, TaskRow } from '../../ports/task-store.js';
import { tenantScope } from '../access.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { awaitRow } from '../runs/await-row.js';
import { assertMayMake } from '../runs/open-run.js';
import { assertMayNameImage } from '../runs/runner-image.js';
import { summaryOf, taskAnswer } from './read-task.js';
import { settleTask } from './settle-task.js';
import { taskInput, toTask } from './to-task.js';

const ROUTE = 'POST /api/v1/queue/tasks';

export interface CreateOptions {
  /** Workflow that is told of the task's first end. */
  readonly reportTo?: string;
}

/**
 * Makes a task, or answers the one that an earlier request with the same key made, whatever has changed since. The draft comes first, so
 * that a crash at any point leaves what a repeat goes on with.
 * @throws forbidden for a tenant that the principal does not reach, or an image that it may not choose; schema-invalid naming the field; conflict for another tenant's
 *   session; session-store-evicted; rate-limited when the queue is full; idempotency-conflict.
 */
export async function createTask(
  context: OperationContext,
  principal: Principal,
  body: TaskCreate,
  traceId: string,
  options: CreateOptions = {},
): Promise<TaskSummary> {
  const drafted = (await findEarlier(context, principal, body)) ?? (await draftTask(context, principal, body, traceId));
  if (drafted.opened) return taskAnswer(context, principal, drafted.id);
  return summaryOf(context, await openTask(context, principal, drafted.id, options));
}

/** Where the body says whose task it is; what is said only by a spec is found when that has been read. */
async function findEarlier(
  context: OperationContext,
  principal: Principal,
  body: TaskCreate,
): Promise<Drafted | undefined> {
  const reservation = body.tenantId === undefined ? undefined : reservationOf(body, body.tenantId);
  if (reservation === undefined) return undefined;
  assertReaches(principal, reservation.tenantId);
  return context.tasks.findReserved(reservation);
}

async function draftTask(
  context: OperationContext,
  principal: Principal,
  body: TaskCreate,
  traceId: string,
): Promise<Drafted> {
  const draft = await checkedTask(context, principal, body, traceId);
  return context.tasks.draft(draft, reservationOf(body, draft.tenantId));
}

/** The task that the body asks for; nothing is written yet. Throws as `createTask` does. */
export async function checkedTask(
  context: OperationContext,
  principal: Principal,
  body: TaskCreate,
  traceId: string,
): Promise<TaskDraft> {
  const draft = await settleTask(context, body, traceId);
  assertReaches(principal, draft.tenantId);
  await assertMayMake(context, principal, draft.run);
  await assertMayNameImage(context, principal, draft.runnerJob.image, 'runnerJob.image');
  await assertSession(context, draft);
  return draft;
}

function assertReaches(principal: Principal, tenantId: string): void {
  if (!seesTenant(principal, tenantId)) throw forbidden('this token does not reach that tenant', { field: 'tenantId' });
}

/** A session that is not there yet is made by the task's first attempt. */
async function assertSession(context: OperationContext, { run, tenantId }: TaskDraft): Promise<void> {
  const sessionId = run.sessionRef?.sessionId;
  const session = sessionId === undefined ? undefined : await context.sessions.get(sessionId, 'all');
  if (session === undefined) return;
  if (session.tenantId !== tenantId) {
    // Says nothing of whose it is.
    throw conflict('sessionRef.sessionId is taken', { field: 'sessionRef.sessionId', sessionId });
  }
  if (session.storageKind === 'evicted') throw sessionStoreEvicted(session.sessionId);
}

function reservationOf(body: TaskCreate, tenantId: string): Reservation | undefined {
  const { idempotencyKey: key } = body;
  return key === undefined ? undefined : { tenantId, route: ROUTE, key, bodyHash: bodyHash(body) };
}

async function openTask(
  context: OperationContext,
  principal: Principal,
  taskId: string,
  { reportTo }: CreateOptions,
): Promise<TaskRow> {
  const notYet = () => unavailable('temporal', undefined, `task ${taskId} is not recorded yet; try again`);
  const draft = await context.tasks.getDrafted(taskId);
  if (draft === undefined) throw notYet();
  const input = { ...taskInput(draft, context), reportTo };
  // A refusal is that of a task that another request with the same key opened, and that has ended meanwhile.
  await toTask(context, taskId, (gateway) => gateway.openTask(input));
  const opened = await awaitRow(
    () => context.tasks.get(taskId, tenantScope(principal), DEFAULT_READER),
    (row) => row !== undefined,
  );
  if (opened === undefined) throw notYet();
  return opened;
}
