import { AgentRunError } from '../domain/errors.js';
import { QUEUE_DEFAULTS } from '../domain/task-lifecycle.js';
import type { Reservation } from '../ports/reservation.js';
import type { Drafted } from '../ports/run-store.js';
import type { TaskDraft } from '../ports/task-store.js';
import { createDraft } from './drafts.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { findReserved } from './reservations.js';
import { firstRow } from './rows.js';

/** What was let in before and has not begun since is most likely nobody's any more, and must not take the place of a task. */
const LET_IN_COUNTS = `interval '2 minutes'`;

export function draftTask(database: Database, draft: TaskDraft, reservation?: Reservation): Promise<Drafted> {
  return createDraft(database, 'task', draft.id, reservation, async (transaction) => {
    await assertRoom(transaction, draft);
    await insertTask(transaction, draft);
  });
}

export async function findReservedTask(database: Database, reservation: Reservation): Promise<Drafted | undefined> {
  const found = await findReserved(database, reservation);
  if (found === undefined) return undefined;
  const { thingId: id } = found;
  const { rows } = await database.query<{ opened: boolean }>(
    'SELECT opened_at IS NOT NULL AS opened FROM tasks WHERE id = $1',
    [id],
  );
  return rows[0] && { id, opened: rows[0].opened };
}

/** See `TaskStore.admitAgain`. */
export function admitAgain(database: Database, taskId: string): Promise<void> {
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.query<Whose>('SELECT queue, tenant_id AS "tenantId" FROM tasks WHERE id = $1', [
      taskId,
    ]);
    if (rows[0] === undefined) return;
    await assertRoom(transaction, rows[0], taskId);
    await transaction.query(
      `UPDATE tasks SET admitted_at = now() WHERE id = $1 AND state NOT IN ('pending', 'running')`,
      [taskId],
    );
  });
}

/**
 * Those who are let into one queue wait for each other here, so that none is let in too many. `taskId` has its own place. Where the queue is
 * full a tenant is let in all the same while it has less than an equal share: no tenant's tasks, which may wait for years, keep others out.
 */
async function assertRoom(transaction: Queryable, { queue, tenantId }: Whose, taskId = ''): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`queue:${queue}`]);
  const answer = await transaction.query<Places>(PLACES, [queue, taskId, tenantId, QUEUE_DEFAULTS.maxPending]);
  const { of_all: ofAll, of_tenant: ofTenant, of_others: others, max_pending: maxPending } = firstRow(answer);
  if (ofAll >= maxPending && ofTenant >= maxPending / (others + 1)) throw queueFull(queue, maxPending);
}

interface Whose {
  readonly queue: string;
  readonly tenantId: string;
}

interface Places {
  /** Pending tasks of the queue, those of the tenant among them, and how many other tenants have some. */
  readonly of_all: number;
  readonly of_tenant: number;
  readonly of_others: number;
  readonly max_pending: number;
}

/** Taken by those that wait and those that were let in to wait again, each found by an index; and how many there are. */
const PLACES = `SELECT count(*) AS of_all, count(*) FILTER (WHERE taken.tenant_id = $3) AS of_tenant,
    count(DISTINCT taken.tenant_id) FILTER (WHERE taken.tenant_id <> $3) AS of_others,
    coalesce((SELECT q.max_pending FROM queues q WHERE q.name = $1), $4::int) AS max_pending
  FROM (
    SELECT t.tenant_id FROM tasks t WHERE t.queue = $1 AND t.id <> $2 AND t.state = 'pending'
      AND (t.opened_at IS NOT NULL OR t.created_at > now() - ${LET_IN_COUNTS})
    UNION ALL
    SELECT t.tenant_id FROM tasks t WHERE t.queue = $1 AND t.id <> $2 AND t.admitted_at > now() - ${LET_IN_COUNTS}
  ) taken`;

function queueFull(queue: string, maxPending: number): AgentRunError {
  const message = `the queue ${queue} has the ${maxPending} pending tasks that it takes, and your share of them is used; try again when some have begun`;
  return new AgentRunError('rate-limited', 'conflict', message, { queue, maxPending });
}

async function insertTask(transaction: Queryable, draft: TaskDraft): Promise<void> {
  const { sessionRef, metadata, ...run } = draft.run;
  await transaction.query(
    `INSERT INTO tasks (id, queue, title, tenant_id, project_id, backend_profile, run, session_ref, metadata, runner_job,
       payload, priority, auto_dispatch, not_before, retry_policy, max_tokens, max_wall_time_ms, aipod, trace_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
    [
      draft.id,
      draft.queue,
      draft.title,
      draft.tenantId,
      draft.projectId,
      draft.backendProfile,
      JSON.stringify(run),
      sessionRef ? JSON.stringify(sessionRef) : null,
      JSON.stringify(metadata ?? {}),
      JSON.stringify(draft.runnerJob),
      JSON.stringify(draft.payload),
      draft.priority,
      draft.autoDispatch,
      draft.notBefore,
      JSON.stringify(draft.retryPolicy),
      draft.budget.maxTokens,
      draft.budget.maxWallTimeMs,
      draft.aipod && JSON.stringify(draft.aipod),
      draft.traceId,
    ],
  );
}
