import { Type, type Static } from 'typebox';
import { QUEUE_DEFAULTS, QUEUE_LIMITS } from '../domain/task-lifecycle.js';
import { Name, Nullable, Timestamp, ValuesPrinted } from './common.js';
import { QueueName, TaskId, TaskSummary } from './task.js';

const closed = { additionalProperties: false };
const Count = Type.Integer({ minimum: 0 });

const Concurrency = Type.Integer({ minimum: 0, maximum: QUEUE_LIMITS.concurrency });
const MaxPending = Type.Integer({ minimum: 1, maximum: QUEUE_LIMITS.maxPending });

/** Tenants whose share is not 1. A tenant of weight 3 gets three times the slots of one of weight 1, while both have tasks waiting. */
const Weights = Type.Record(Name, Type.Integer({ minimum: 1, maximum: QUEUE_LIMITS.weight }), {
  maxProperties: QUEUE_LIMITS.tenants,
  // What is no name is no tenant.
  additionalProperties: false,
});

/** Changes what it names; the rest stays. */
export const QueueUpdate = Type.Object(
  {
    /** Tasks that run at once; 0 starts none. Lowered, it stops no task that runs. */
    concurrency: Type.Optional(Concurrency),
    /** Starts no task; those that run go on. */
    paused: Type.Optional(Type.Boolean()),
    /** Tasks are dispatched when they are created. */
    autoDispatch: Type.Optional(Type.Boolean()),
    /** Pending tasks, those between two attempts among them; a further one, or an ended one that is dispatched again, is refused as `rate-limited`, unless its tenant has less than an equal share of them. */
    maxPending: Type.Optional(MaxPending),
    weights: Type.Optional(Weights),
  },
  closed,
);
export type QueueUpdate = Static<typeof QueueUpdate>;

/** A queue as it stands. One that nobody has set up has the defaults. */
export const QueueRecord = Type.Object({
  name: QueueName,
  concurrency: Type.Integer({ default: QUEUE_DEFAULTS.concurrency }),
  paused: Type.Boolean({ default: QUEUE_DEFAULTS.paused }),
  autoDispatch: Type.Boolean({ default: QUEUE_DEFAULTS.autoDispatch }),
  maxPending: Type.Integer({ default: QUEUE_DEFAULTS.maxPending }),
  weights: Weights,
  updatedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type QueueRecord = Static<typeof QueueRecord>;

/** How a queue stands after a change. */
export const QueueChanged = Type.Object({
  ...QueueRecord.properties,
  /** The queue goes by it. False where it could not be told, for Temporal does not answer: then it will within ten minutes of that's return. */
  applied: Type.Boolean(),
});
export type QueueChanged = Static<typeof QueueChanged>;

/** Of one queue, or of all: what the tasks that a principal may see are doing. */
export const QueueStats = Type.Object({
  queue: Nullable(QueueName),
  counts: Type.Object({
    pending: Count,
    running: Count,
    completed: Count,
    failed: Count,
    blocked: Count,
    cancelled: Count,
  }),
  /** Pending ones by what they wait for. */
  waiting: Type.Object({
    forDispatch: Count,
    untilTime: Count,
    forSlot: Count,
    toRetry: Count,
  }),
  running: Count,
  oldestPendingAgeMs: Nullable(Count),
  oldestPendingTaskId: Nullable(TaskId),
  /** Of those that wait for a slot now: for how long the first of them has. */
  longestSlotWaitMs: Nullable(Count),
  throughput: Type.Object({
    endedLastMinute: Count,
    endedLastHour: Count,
    completedLastHour: Count,
    failedLastHour: Count,
  }),
  /** Null for the stats of all queues. */
  settings: Nullable(QueueRecord),
  valuesPrinted: ValuesPrinted,
});
export type QueueStats = Static<typeof QueueStats>;

/** What someone minding a queue must see, the most pressing first. */
export const QueueCommander = Type.Object({
  queue: Nullable(QueueName),
  readerId: Type.String(),
  items: Type.Array(TaskSummary),
  /** All that there are, also where `items` is cut. */
  count: Count,
  /** Tasks whose session works. */
  activeSessionCount: Count,
  unreadCount: Count,
  attentionCount: Count,
  /** More than `limit`: the least pressing are left out. */
  truncated: Type.Boolean(),
  valuesPrinted: ValuesPrinted,
});
export type QueueCommander = Static<typeof QueueCommander>;
