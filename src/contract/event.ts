import { Type, type Static } from 'typebox';
import { EVENT_LIMITS, EVENT_TYPES } from '../domain/event-types.js';
import { Metadata, RunId, RunnerFence, Timestamp } from './common.js';

/**
 * One event to append. `clientSeq` numbers a producer's events (the runner of an attempt, or an operator): a number seen
 * before adds nothing and answers the event it made the first time.
 */
export const EventInput = Type.Object({
  type: Type.Enum(EVENT_TYPES, { default: 'backend_status' }),
  payload: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
  clientSeq: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER - 1 })),
});
export type EventInput = Static<typeof EventInput>;

export const EventBatch = Type.Object({
  events: Type.Array(EventInput, { minItems: 1, maxItems: EVENT_LIMITS.batch }),
  ...RunnerFence,
});
export type EventBatch = Static<typeof EventBatch>;

export const EventAppend = Type.Interface([EventInput], RunnerFence);
export type EventAppend = Static<typeof EventAppend>;

/** `seq` counts from 1 within a run, without holes, and never changes. */
export const EventRecord = Type.Object({
  id: Type.String(),
  runId: RunId,
  seq: Type.Integer({ minimum: 1 }),
  type: Type.Enum(EVENT_TYPES),
  payload: Metadata,
  createdAt: Timestamp,
});
export type EventRecord = Static<typeof EventRecord>;

export const EventPage = Type.Object({ items: Type.Array(EventRecord) });
