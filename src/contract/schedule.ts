import { Type, type Static } from 'typebox';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { SESSION_ID_PATTERN } from '../domain/ids.js';
import { OVERLAP_POLICIES, SCHEDULE_LIMITS as LIMITS, SCHEDULE_STATES } from '../domain/schedules.js';
import { IdempotencyKey, Name, Nullable, Timestamp, ValuesPrinted } from './common.js';
import { QueueName, TaskCreate, TaskId, TaskRecord } from './task.js';

/** What its creator calls it: one name in the whole installation. */
export const ScheduleId = Type.String({ pattern: SESSION_ID_PATTERN });

const closed = { additionalProperties: false };
const Count = Type.Integer({ minimum: 0 });

/** Five to seven fields (minute, hour, day of month, month, day of week; then the year; seconds before all), or a word as `@daily`. */
export const CRON_PATTERN =
  '^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[0-9A-Za-z*?,/-]+( +[0-9A-Za-z*?,/-]+){4,6})$';
const Cron = Type.String({ maxLength: 200, pattern: CRON_PATTERN });
/** By its name in the tz database. */
export const TIME_ZONE_PATTERN = '^(?!Local$)[A-Za-z][A-Za-z0-9_+/-]{0,63}$';
const TimeZone = Type.String({ pattern: TIME_ZONE_PATTERN });
const IntervalMs = Type.Integer({
  minimum: LIMITS.shortestIntervalMs,
  maximum: LIMITS.longestIntervalMs,
  multipleOf: 1_000,
});
const JitterMs = Type.Integer({ minimum: 0, maximum: LIMITS.longestJitterMs });
const CatchupWindowMs = Type.Integer({ minimum: LIMITS.shortestCatchupMs, maximum: LIMITS.longestCatchupMs });
const Overlap = Type.Enum(OVERLAP_POLICIES);

/** What is asked for at each time: the body of a task, whose time and key the schedule says. */
const ScheduledTaskBody = Type.Omit(TaskCreate, ['idempotencyKey', 'notBefore']);
export type ScheduledTaskBody = Static<typeof ScheduledTaskBody>;

/**
 * A task again and again. Either `cron`, read in `timeZone`, or `intervalMs`, counted from 1970-01-01T00:00Z: an interval of an hour comes at
 * each full hour. `jitterMs` puts each time off by up to so much, by chance. `catchupWindowMs`: times that came while Temporal was down
 * are made up for if it was no longer than that.
 */
export const ScheduleCreate = Type.Object(
  {
    scheduleId: ScheduleId,
    cron: Type.Optional(Cron),
    intervalMs: Type.Optional(IntervalMs),
    timeZone: Type.Optional(Type.String({ ...TimeZone, default: 'UTC' })),
    overlapPolicy: Type.Optional(Type.Enum(OVERLAP_POLICIES, { default: 'skip' })),
    jitterMs: Type.Optional(Type.Integer({ ...JitterMs, default: 0 })),
    paused: Type.Optional(Type.Boolean({ default: false })),
    startAt: Type.Optional(Nullable(Timestamp)),
    endAt: Type.Optional(Nullable(Timestamp)),
    catchupWindowMs: Type.Optional(Type.Integer({ ...CatchupWindowMs, default: LIMITS.catchupMs })),
    task: ScheduledTaskBody,
    idempotencyKey: Type.Optional(IdempotencyKey),
  },
  closed,
);
export type ScheduleCreate = Static<typeof ScheduleCreate>;

export const ScheduleUpdate = Type.Object({ paused: Type.Boolean() }, closed);
export type ScheduleUpdate = Static<typeof ScheduleUpdate>;

/** One time of a schedule that came. */
export const ScheduleAction = Type.Object({
  scheduledAt: Timestamp,
  takenAt: Timestamp,
  /** Null while it is being made, and where it was refused. */
  taskId: Nullable(TaskId),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
});
export type ScheduleAction = Static<typeof ScheduleAction>;

const task = TaskRecord.properties;

export const ScheduleRecord = Type.Object({
  scheduleId: ScheduleId,
  tenantId: Name,
  cron: Nullable(Type.String()),
  intervalMs: Nullable(IntervalMs),
  timeZone: Type.String(),
  overlapPolicy: Overlap,
  jitterMs: JitterMs,
  startAt: Nullable(Timestamp),
  endAt: Nullable(Timestamp),
  catchupWindowMs: CatchupWindowMs,
  /** Of its tasks, as far as the body says so. */
  queue: Nullable(QueueName),
  title: task.title,
  state: Type.Enum(SCHEDULE_STATES),
  paused: Type.Boolean(),
  /** What is wrong, and what to do about it. */
  problem: Nullable(Type.String()),
  /** The next ones, soonest first, at most five. */
  nextTimes: Type.Array(Timestamp),
  /** The newest, newest first, at most ten. */
  lastActions: Type.Array(ScheduleAction),
  /** Tasks of its newest times that have not ended, newest first. */
  activeTaskIds: Type.Array(TaskId),
  /** Times that came, and those that were left out: because a task of it had not ended, or because Temporal was down for too long. */
  counts: Type.Object({ taken: Count, skipped: Count, missed: Count }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type ScheduleRecord = Static<typeof ScheduleRecord>;

export const ScheduleDetail = Type.Interface([ScheduleRecord], { task: ScheduledTaskBody });
export type ScheduleDetail = Static<typeof ScheduleDetail>;

export const ScheduleDeleted = Type.Object({
  action: Type.Literal('schedule-deleted'),
  scheduleId: ScheduleId,
  valuesPrinted: ValuesPrinted,
});
export type ScheduleDeleted = Static<typeof ScheduleDeleted>;
