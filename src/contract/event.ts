import { Type, type Static } from 'typebox';
import { EVENT_LIMITS, EVENT_TYPES } from '../domain/event-types.js';
import { Metadata, Name, RunId, RunnerFence, Timestamp } from './common.js';

/**
 * One event to append. `clientSeq` numbers a producer's events: a number seen before adds nothing and answers the event
 * it made the first time, or 409 where that was of another `type`. A producer is the runner of an attempt, or an
 * operator's token together with the `producerId` that its body names.
 */
export const EventInput = Type.Object({
  type: Type.Enum(EVENT_TYPES, { default: 'backend_status' }),
  payload: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
  clientSeq: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER - 1 })),
});
export type EventInput = Static<typeof EventInput>;

/** Who writes. Writers who share an operator's token share one numbering unless each names a `producerId` of its own. */
const Producer = { ...RunnerFence, producerId: Type.Optional(Name) };

export const EventBatch = Type.Object({
  events: Type.Array(EventInput, { minItems: 1, maxItems: EVENT_LIMITS.batch }),
  ...Producer,
});
export type EventBatch = Static<typeof EventBatch>;

export const EventAppend = Type.Interface([EventInput], Producer);
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
