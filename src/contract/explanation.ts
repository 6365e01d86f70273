import { Type, type Static } from 'typebox';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import { RUN_STATUSES } from '../domain/run-lifecycle.js';
import { TIMELINE_LIMITS } from '../domain/timeline.js';
import { CommandId, Nullable, RunId, RunnerJobId, SessionId, Timestamp, ValuesPrinted } from './common.js';
import { ActionDescriptor, LIVENESS_PHASES } from './result.js';
import { SessionRecord } from './session.js';

/** `loss` ends an attempt; `waiting` is what is still under way now. */
export const TIMELINE_KINDS = [
  'session',
  'run',
  'job',
  'claim',
  'lease',
  'command',
  'steer',
  'interrupt',
  'cancel',
  'agent',
  'backoff',
  'loss',
  'workflow',
  'waiting',
  'end',
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** One thing that happened, in a sentence of ours. No prompt and no output is in it. */
export const TimelineEntry = Type.Object({
  at: Timestamp,
  /** Which attempt of the run it was in; null where none is meant. */
  attempt: Nullable(Type.Integer({ minimum: 1 })),
  kind: Type.Enum(TIMELINE_KINDS),
  /** Which store tells it. */
  source: Type.Enum(['records', 'events', 'temporal'] as const),
  text: Type.String({ maxLength: TIMELINE_LIMITS.text }),
  /** Something went wrong, or took another way than it should. */
  isTrouble: Type.Boolean(),
  /** How often it happened in a row; `at` is the last time. */
  times: Type.Integer({ minimum: 1 }),
  runId: Nullable(RunId),
  commandId: Type.Optional(CommandId),
  runnerId: Type.Optional(Type.String()),
  runnerJobId: Type.Optional(RunnerJobId),
  /** The event that says so. */
  seq: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type TimelineEntry = Static<typeof TimelineEntry>;

/**
 * What the timeline could be made from. `history` is Temporal's: `gone` where its retention is over, or the workflow never began;
 * `unavailable` where Temporal did not answer in time; `cut` where it is too long to be read whole. `events` are `cut` where some
 * between the oldest and the newest were left out.
 */
export const TimelineSources = Type.Object({
  history: Type.Enum(['read', 'cut', 'gone', 'unavailable', 'not-asked'] as const),
  events: Type.Enum(['read', 'cut'] as const),
  /** What that means, in a sentence; null where all was read. */
  note: Nullable(Type.String()),
});
export type TimelineSources = Static<typeof TimelineSources>;

const timeline = {
  /** Oldest first. */
  timeline: Type.Array(TimelineEntry, { maxItems: TIMELINE_LIMITS.entries }),
  /** How many entries were left out of the timeline's middle. */
  omitted: Type.Integer({ minimum: 0 }),
  sources: TimelineSources,
  diagnosis: Type.String(),
  /** What can be done next, the likeliest first. */
  next: Type.Array(ActionDescriptor, { maxItems: 5 }),
  valuesPrinted: ValuesPrinted,
};

export const RunExplanation = Type.Object({
  runId: RunId,
  sessionId: Nullable(SessionId),
  status: Type.Enum(RUN_STATUSES),
  terminalStatus: Nullable(Type.Enum(TERMINAL_STATUSES)),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  phase: Type.Enum(LIVENESS_PHASES),
  attempt: Type.Integer({ minimum: 1 }),
  maxAttempts: Type.Integer({ minimum: 1 }),
  /** By which Temporal's own pages find it. */
  workflowId: Type.String(),
  traceId: Type.String(),
  ...timeline,
});
export type RunExplanation = Static<typeof RunExplanation>;

const { sessionId, executionState, attentionState, storageKind } = SessionRecord.properties;

/** The session's newest runs in a line or two each, and the active one, else the last one, in full. */
export const SessionExplanation = Type.Object({
  sessionId,
  executionState,
  attentionState,
  storageKind,
  /** The run that is told in full; null where the session never had one. */
  runId: Nullable(RunId),
  ...timeline,
});
export type SessionExplanation = Static<typeof SessionExplanation>;
