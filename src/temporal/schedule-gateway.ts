import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleOverlapPolicy,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { scheduledTaskWorkflowId, TASK_QUEUE, temporalScheduleId } from '../domain/ids.js';
import type { OverlapPolicy } from '../domain/schedules.js';
import type { SearchAttributeName } from '../domain/search-attributes.js';
import type { DefinitionRefused, LiveSchedule, ScheduleGateway } from '../ports/schedule-gateway.js';
import type { ScheduleDefinition } from '../ports/schedule-store.js';
import type { scheduledTaskWorkflow } from '../../workflows/schedule/workflow.js';
import { answered } from './answered.js';

export function createScheduleGateway(client: Client): ScheduleGateway {
  const handleOf = (scheduleId: string) => client.schedule.getHandle(temporalScheduleId(scheduleId));
  return {
    async put(definition) {
      try {
        await answered(client, async () => createOrUpdate(client, definition));
        return undefined;
      } catch (error) {
        const refused = refusalOf(error);
        if (refused === undefined) throw error;
        return refused;
      }
    },

    async describe(scheduleId) {
      const found = await unlessMissing(answered(client, async () => handleOf(scheduleId).describe()));
      return found && toLive(found);
    },

    async setPaused(scheduleId, paused) {
      const handle = handleOf(scheduleId);
      const change = async () => (paused ? handle.pause('paused by the API') : handle.unpause('resumed by the API'));
      const done = await unlessMissing(answered(client, async () => change().then(() => true)));
      return done ?? false;
    },

    async remove(scheduleId) {
      await unlessMissing(answered(client, async () => handleOf(scheduleId).delete()));
    },
  };
}

async function createOrUpdate(client: Client, definition: ScheduleDefinition): Promise<void> {
  const scheduleId = temporalScheduleId(definition.scheduleId);
  const options = optionsOf(definition);
  try {
    await client.schedule.create({ scheduleId, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(() => options);
  }
}

const OVERLAP = {
  skip: 'SKIP',
  'buffer-one': 'BUFFER_ONE',
  'buffer-all': 'BUFFER_ALL',
  'allow-all': 'ALLOW_ALL',
  'cancel-other': 'CANCEL_OTHER',
} as const satisfies Record<OverlapPolicy, ScheduleOverlapPolicy>;

function optionsOf(definition: ScheduleDefinition) {
  const { scheduleId, tenantId, paused, overlapPolicy, catchupWindowMs } = definition;
  const typedSearchAttributes = attributes({ AgentRunTenant: tenantId });
  return {
    spec: specOf(definition),
    policies: { overlap: OVERLAP[overlapPolicy], catchupWindow: catchupWindowMs },
    state: { paused },
    typedSearchAttributes,
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledTaskWorkflow' satisfies (typeof scheduledTaskWorkflow)['name'],
      taskQueue: TASK_QUEUE,
      workflowId: scheduledTaskWorkflowId(scheduleId),
      args: [{ scheduleId }],
      typedSearchAttributes,
      staticSummary: `A task of schedule ${scheduleId} for ${tenantId}`,
    },
  } as const;
}

function specOf({ cron, intervalMs, timeZone, jitterMs, startAt, endAt }: ScheduleDefinition) {
  return {
    ...(cron !== null && { cronExpressions: [cron] }),
    ...(intervalMs !== null && { intervals: [{ every: intervalMs }] }),
    timezone: timeZone,
    jitter: jitterMs,
    ...(startAt !== null && { startAt: new Date(startAt) }),
    ...(endAt !== null && { endAt: new Date(endAt) }),
  };
}

/** The SDK says so of what the server calls an invalid spec; its words name no field. */
function refusalOf(error: unknown): DefinitionRefused | undefined {
  if (!(error instanceof TypeError)) return undefined;
  const { message } = error;
  if (/time ?zone/i.test(message)) return { field: 'timeZone', message };
  return { field: /interval/i.test(message) ? 'intervalMs' : 'cron', message };
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

function toLive({ state, info }: ScheduleDescription): LiveSchedule {
  return {
    paused: state.paused,
    nextTimes: info.nextActionTimes.map((time) => time.toISOString()),
    actions: info.recentActions.map(({ action, scheduledAt, takenAt }) => ({
      actionId: action.workflow.workflowId,
      scheduledAt: scheduledAt.toISOString(),
      takenAt: takenAt.toISOString(),
    })),
    counts: {
      taken: info.numActionsTaken,
      skipped: info.numActionsSkippedOverlap,
      missed: info.numActionsMissedCatchupWindow,
    },
  };
}

function attributes(values: Partial<Record<SearchAttributeName, string>>): TypedSearchAttributes {
  return new TypedSearchAttributes(
    Object.entries(values).map(([name, value]) => ({
      key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      value,
    })),
  );
}
