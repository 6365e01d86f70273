import type { ScheduleDeleted, ScheduleDetail, ScheduleRecord } from '../../contract/schedule.js';
import { missing } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { LiveSchedule, ScheduleGateway } from '../../ports/schedule-gateway.js';
import type { ScheduleFilter, ScheduleRow, ScheduleStore } from '../../ports/schedule-store.js';
import { tenantScope } from '../access.js';
import type { OperationContext } from '../context.js';
import { scheduleRecord } from './schedule-record.js';

type Context = Pick<OperationContext, 'schedules' | 'scheduleGateway'>;

/** So many are asked of Temporal at once. */
const AT_ONCE = 10;

/** `heal`: one that Temporal has lost is given to it again. @throws missing */
export async function readSchedule(
  context: Context,
  principal: Principal,
  scheduleId: string,
  { heal = false } = {},
): Promise<ScheduleDetail> {
  const row = await requireSchedule(context, principal, scheduleId);
  const found = await context.scheduleGateway.describe(scheduleId);
  const live = found === undefined && heal ? await revive(context, row) : found;
  const outcomes = await context.schedules.outcomes([scheduleId]);
  return { ...scheduleRecord(row, live, outcomes.get(scheduleId)), task: row.task };
}

async function revive({ scheduleGateway }: Context, { definition }: ScheduleRow): Promise<LiveSchedule | undefined> {
  // It was taken before: it is not refused now.
  await scheduleGateway.put(definition);
  return scheduleGateway.describe(definition.scheduleId);
}

/** Newest first. */
export async function listSchedules(
  { schedules, scheduleGateway }: Context,
  principal: Principal,
  query: Omit<ScheduleFilter, 'tenants'>,
): Promise<{ items: ScheduleRecord[]; nextCursor?: string }> {
  const { items: rows, ...page } = await schedules.list({ tenants: tenantScope(principal), ...query });
  const outcomes = await schedules.outcomes(rows.map((row) => row.definition.scheduleId));
  const items: ScheduleRecord[] = [];
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const describe = async (row: ScheduleRow) => {
      const { scheduleId } = row.definition;
      return scheduleRecord(row, await scheduleGateway.describe(scheduleId), outcomes.get(scheduleId));
    };
    items.push(...(await Promise.all(rows.slice(from, from + AT_ONCE).map(describe))));
  }
  return { items, ...page };
}

/** One that Temporal has lost is given to it again. @throws missing */
export async function pauseSchedule(
  context: Context,
  principal: Principal,
  scheduleId: string,
  paused: boolean,
): Promise<ScheduleDetail> {
  await requireSchedule(context, principal, scheduleId);
  await context.schedules.setPaused(scheduleId, paused);
  await context.scheduleGateway.setPaused(scheduleId, paused);
  return readSchedule(context, principal, scheduleId, { heal: true });
}

/** Temporal forgets it first, so that it starts nothing that no row knows of. Tasks that it made go on. @throws missing */
export async function deleteSchedule(
  context: Context,
  principal: Principal,
  scheduleId: string,
): Promise<ScheduleDeleted> {
  await requireSchedule(context, principal, scheduleId);
  await context.scheduleGateway.remove(scheduleId);
  await context.schedules.remove(scheduleId);
  return { action: 'schedule-deleted', scheduleId, valuesPrinted: false };
}

/** A draft that nobody made whole: Temporal may have it all the same. */
export async function forgetScheduleDraft(
  { schedules, scheduleGateway }: { schedules: ScheduleStore; scheduleGateway: Pick<ScheduleGateway, 'remove'> },
  scheduleId: string,
): Promise<void> {
  await scheduleGateway.remove(scheduleId);
  await schedules.dropDraft(scheduleId);
}

async function requireSchedule({ schedules }: Context, principal: Principal, scheduleId: string): Promise<ScheduleRow> {
  const row = await schedules.get(scheduleId, tenantScope(principal));
  if (row === undefined) throw missing('schedule', scheduleId);
  return row;
}
