import type { ScheduleCreate, ScheduleDetail } from '../../contract/schedule.js';
import { AgentRunError, invalid, unavailable } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import { SCHEDULE_LIMITS } from '../../domain/schedules.js';
import { isStorableTime } from '../../domain/storable-times.js';
import type { Reservation } from '../../ports/reservation.js';
import type { ScheduleDefinition, ScheduleDraft } from '../../ports/schedule-store.js';
import { tenantScope } from '../access.js';
import { bodyHash } from '../body-hash.js';
import type { OperationContext } from '../context.js';
import { checkedTask } from '../tasks/create-task.js';
import { assertMayNameImage } from '../runs/runner-image.js';
import { readSchedule } from './read-schedules.js';
import { voiceOfSchedule } from './scheduled-task.js';

const ROUTE = 'POST /api/v1/queue/schedules';

/**
 * Makes a schedule, or answers the one of that name where it was asked for in the same words. The row comes first, as a draft, then
 * Temporal takes it; asked again, it is made whole whatever was lost.
 * @throws as `createTask` does of its task, with the field's place; schema-invalid of times that nobody can keep; conflict for a name
 *   that is taken, whoever has it; idempotency-conflict.
 */
export async function createSchedule(
  context: OperationContext,
  principal: Principal,
  body: ScheduleCreate,
  traceId: string,
): Promise<ScheduleDetail> {
  const hash = bodyHash(body);
  const { scheduleId } = body;
  // Whatever has changed since, of its times, its task's profile or spec: it was taken.
  if (await context.schedules.isMade(scheduleId, hash, tenantScope(principal)))
    return readSchedule(context, principal, scheduleId, { heal: true });
  assertTimes(body);
  const { tenantId } = await taskOf(context, principal, body, traceId);
  const definition = definitionOf(body, tenantId);
  const draft = { definition, task: body.task, bodyHash: hash };
  const { opened } = await context.schedules.draft(draft, reservationOf(body, tenantId, hash));
  if (!opened) await makeLive(context, draft);
  return readSchedule(context, principal, scheduleId, { heal: opened });
}

/** @throws schema-invalid or unavailable, and then it is as if nobody had asked: the name is free for other words. */
async function makeLive(
  { schedules, scheduleGateway }: OperationContext,
  { definition, bodyHash: hash }: ScheduleDraft,
): Promise<void> {
  const { scheduleId } = definition;
  const refused = await scheduleGateway.put(definition).catch(async (error: unknown) => {
    await schedules.dropDraft(scheduleId, hash);
    throw error;
  });
  if (refused === undefined) {
    if (await schedules.open(scheduleId, hash)) return;
    throw unavailable('temporal', undefined, `schedule ${scheduleId} was taken back by another request; try again`);
  }
  await schedules.dropDraft(scheduleId, hash);
  throw invalid(refused.field, `${refused.field} is not usable: ${refused.message}`);
}

function assertTimes({ cron, intervalMs, startAt, endAt }: ScheduleCreate): void {
  if ((cron === undefined) === (intervalMs === undefined)) {
    throw invalid('cron', 'exactly one of cron and intervalMs must be given');
  }
  const start = timeOf('startAt', startAt);
  const end = timeOf('endAt', endAt);
  if (end === null) return;
  if (end <= new Date()) throw invalid('endAt', 'endAt must be in the future');
  if (start !== null && start >= end) throw invalid('endAt', 'endAt must come after startAt');
}

function timeOf(field: 'startAt' | 'endAt', given: string | null | undefined): Date | null {
  if (given === null || given === undefined) return null;
  const time = new Date(given);
  if (isStorableTime(time.getTime())) return time;
  throw invalid(field, `${field} must be a time of the years 1970 to 9999, and not a leap second`);
}

/** The task is checked as if it were to be made now. */
async function taskOf(
  context: OperationContext,
  principal: Principal,
  { scheduleId, task }: ScheduleCreate,
  traceId: string,
) {
  for (const field of ['notBefore', 'idempotencyKey']) {
    if (field in task) throw invalid(`task.${field}`, `task.${field} must not be given: the schedule says it`);
  }
  if (task.autoDispatch === false) {
    throw invalid('task.autoDispatch', 'task.autoDispatch must be true or left out: nobody else dispatches the task');
  }
  try {
    const draft = await checkedTask(context, principal, task, traceId);
    // At its times the schedule asks by itself, for its tenant, whoever made it.
    const voice = voiceOfSchedule(scheduleId, draft.tenantId);
    await assertMayNameImage(context, voice, draft.runnerJob.image, 'runnerJob.image');
    return draft;
  } catch (error) {
    throw ofTask(error);
  }
}

/** Where in the body the field stands. */
function ofTask(error: unknown): unknown {
  if (!(error instanceof AgentRunError) || typeof error.details['field'] !== 'string') return error;
  const { failureKind, refusal, message, details } = error;
  const field = `task.${details['field'] as string}`;
  return new AgentRunError(failureKind, refusal, `task: ${message}`, { ...details, field }, { cause: error });
}

function definitionOf(body: ScheduleCreate, tenantId: string): ScheduleDefinition {
  const { scheduleId, timeZone = 'UTC', overlapPolicy = 'skip', jitterMs = 0, paused = false } = body;
  return {
    scheduleId,
    tenantId,
    cron: body.cron ?? null,
    intervalMs: body.intervalMs ?? null,
    timeZone,
    overlapPolicy,
    jitterMs,
    startAt: timeOf('startAt', body.startAt)?.toISOString() ?? null,
    endAt: timeOf('endAt', body.endAt)?.toISOString() ?? null,
    catchupWindowMs: body.catchupWindowMs ?? SCHEDULE_LIMITS.catchupMs,
    paused,
  };
}

function reservationOf({ idempotencyKey: key }: ScheduleCreate, tenantId: string, hash: string) {
  return key === undefined ? undefined : ({ tenantId, route: ROUTE, key, bodyHash: hash } satisfies Reservation);
}
