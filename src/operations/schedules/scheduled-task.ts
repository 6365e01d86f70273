import { AgentRunError } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import type { Principal } from '../../domain/principal.js';
import type { ScheduledTaskMade } from '../../domain/schedules.js';
import type { ScheduleRow } from '../../ports/schedule-store.js';
import type { OperationContext } from '../context.js';
import { cancelTask } from '../tasks/cancel-task.js';
import { createTask } from '../tasks/create-task.js';

/** One time of a schedule. */
export interface ScheduleTime {
  readonly scheduleId: string;
  /** The workflow that Temporal started for it: by this the task is made once, and this is told of its end. */
  readonly actionId: string;
}

/**
 * Makes the task of one time, and writes down which, or why there is none. Of a schedule that is no more Temporal is told so; one that
 * was a draft is none any more, for Temporal has it. May be repeated.
 */
export async function makeScheduledTask(context: OperationContext, time: ScheduleTime): Promise<ScheduledTaskMade> {
  const { scheduleId, actionId } = time;
  const schedule = await context.schedules.find(scheduleId);
  if (schedule === undefined) {
    await context.scheduleGateway.remove(scheduleId);
    return { verdict: 'gone' };
  }
  await context.schedules.open(scheduleId);
  const made = await makeOrRefuse(context, schedule, actionId);
  await context.schedules.recordOutcome(scheduleId, {
    actionId,
    taskId: made.verdict === 'made' ? made.taskId : null,
    failureKind: made.verdict === 'refused' ? made.failureKind : null,
    failureMessage: made.verdict === 'refused' ? made.message : null,
  });
  return made;
}

/** What is refused now may be taken at the next time; what is only out of reach is tried again now. */
async function makeOrRefuse(
  context: OperationContext,
  { definition: { scheduleId, tenantId }, task }: ScheduleRow,
  actionId: string,
): Promise<Exclude<ScheduledTaskMade, { verdict: 'gone' }>> {
  const body = { ...task, autoDispatch: true, idempotencyKey: actionId };
  try {
    const { id } = await createTask(context, voiceOfSchedule(scheduleId, tenantId), body, newId('trc'), {
      reportTo: actionId,
    });
    return { verdict: 'made', taskId: id };
  } catch (error) {
    if (!(error instanceof AgentRunError) || error.refusal === 'unavailable') throw error;
    return { verdict: 'refused', failureKind: error.failureKind, message: error.message };
  }
}

/** A task that has ended meanwhile, or is gone, needs no cancelling. */
export async function cancelScheduledTask(
  context: OperationContext,
  { scheduleId, taskId }: { scheduleId: string; taskId: string },
): Promise<void> {
  const task = await context.tasks.get(taskId, 'all');
  if (task === undefined) return;
  const reason = `its time in schedule ${scheduleId} was cancelled`;
  await cancelTask(context, voiceOfSchedule(scheduleId, task.record.tenantId), taskId, { reason });
}

/** A schedule may do what an operator of its tenant may. */
export function voiceOfSchedule(scheduleId: string, tenantId: string): Principal {
  return { kind: 'operator', name: `schedule ${scheduleId}`, tenants: [tenantId] };
}
