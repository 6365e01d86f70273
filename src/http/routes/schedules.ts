import { Name, Page } from '../../contract/common.js';
import {
  ScheduleCreate,
  ScheduleDeleted,
  ScheduleDetail,
  ScheduleId,
  ScheduleRecord,
  ScheduleUpdate,
} from '../../contract/schedule.js';
import { createSchedule } from '../../operations/schedules/create-schedule.js';
import {
  deleteSchedule,
  listSchedules,
  pauseSchedule,
  readSchedule,
} from '../../operations/schedules/read-schedules.js';
import { cursor, limit, textField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'schedules';
const PATH = '/api/v1/queue/schedules';
const params = { scheduleId: ScheduleId };

export const scheduleRoutes: Route[] = [
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createSchedule',
    tag,
    summary: 'Have a task made again and again, by a cron expression or at an interval',
    description:
      'The task is checked as if it were made now. Asking again in the same words answers the schedule as it is, and gives it to Temporal ' +
      'again where that has lost it. A name belongs to whoever took it first, in the whole installation.',
    auth: 'operator',
    body: ScheduleCreate,
    bodyExample: {
      scheduleId: 'nightly-review',
      cron: '30 2 * * MON-FRI',
      timeZone: 'Europe/Berlin',
      task: { tenantId: 'acme', projectId: 'website', backendProfile: 'codex', prompt: 'Review what changed today.' },
    },
    refusals: [409],
    answer: ScheduleDetail,
    handle: ({ principal, body, traceId }, { operations }) => createSchedule(operations, principal, body, traceId),
  }),
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listSchedules',
    tag,
    summary: 'List schedules with their next times and what the last ones came to, newest first',
    auth: 'operator',
    query: { tenantId: textField(Name, 'Only of this tenant.'), limit: limit(50), cursor },
    answer: Page(ScheduleRecord),
    handle: ({ principal, query }, { operations }) => listSchedules(operations, principal, query),
  }),
  route({
    method: 'GET',
    path: `${PATH}/:scheduleId`,
    operationId: 'getSchedule',
    tag,
    summary: 'A schedule, with the task that it asks for',
    auth: 'operator',
    params,
    answer: ScheduleDetail,
    handle: ({ principal, params: { scheduleId } }, { operations }) => readSchedule(operations, principal, scheduleId),
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/:scheduleId`,
    operationId: 'updateSchedule',
    tag,
    summary: 'Pause a schedule, or let it go on',
    description: 'Times that come while it is paused are left out for good. Tasks that it made go on.',
    auth: 'operator',
    params,
    body: ScheduleUpdate,
    bodyExample: { paused: true },
    answer: ScheduleDetail,
    handle: ({ principal, params: { scheduleId }, body: { paused } }, { operations }) =>
      pauseSchedule(operations, principal, scheduleId, paused),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/:scheduleId`,
    operationId: 'deleteSchedule',
    tag,
    summary: 'Delete a schedule',
    description: 'Tasks that it made go on.',
    auth: 'operator',
    params,
    answer: ScheduleDeleted,
    handle: ({ principal, params: { scheduleId } }, { operations }) =>
      deleteSchedule(operations, principal, scheduleId),
  }),
];
