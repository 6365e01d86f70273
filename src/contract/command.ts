import { Type, type Static } from 'typebox';
import { COMMAND_STATES, COMMAND_TYPES } from '../domain/command-lifecycle.js';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import { RUN_STATUSES } from '../domain/run-lifecycle.js';
import { CommandId, IdempotencyKey, Metadata, Nullable, RunId, RunnerFence, Timestamp } from './common.js';
import { Finish } from './run.js';

/**
 * A turn's and a steer's payload must hold a non-empty `prompt`; an interrupt's may name the turn that it is for, `turnCommandId`: where
 * that one is over, it stops nothing. Other fields are the backend's own.
 */
const CommandPayload = Type.Record(Type.String(), Type.Unknown());

export const CommandCreate = Type.Object(
  {
    type: Type.Enum(COMMAND_TYPES, { default: 'turn' }),
    payload: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
    idempotencyKey: Type.Optional(IdempotencyKey),
  },
  {
    if: { properties: { type: { enum: ['turn', 'steer'] } } },
    then: {
      required: ['payload'],
      properties: {
        payload: { type: 'object', required: ['prompt'], properties: { prompt: { type: 'string', minLength: 1 } } },
      },
    },
    else: { properties: { payload: { properties: { turnCommandId: CommandId } } } },
  },
);
export type CommandCreate = Static<typeof CommandCreate>;

export const CommandRecord = Type.Object({
  id: CommandId,
  runId: RunId,
  /** Order of acceptance within the run, from 1. */
  seq: Type.Integer({ minimum: 1 }),
  type: Type.Enum(COMMAND_TYPES),
  state: Type.Enum(COMMAND_STATES),
  payload: CommandPayload,
  terminalStatus: Nullable(Type.Enum(TERMINAL_STATUSES)),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
  threadId: Nullable(Type.String()),
  turnId: Nullable(Type.String()),
  /** The attempt whose runner took it last; null before any did. */
  attempt: Nullable(Type.Integer({ minimum: 1 })),
  /** A steer that came too late became this turn. */
  supersededBy: Nullable(CommandId),
  cancelRequestedAt: Nullable(Timestamp),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  acknowledgedAt: Nullable(Timestamp),
  finishedAt: Nullable(Timestamp),
  metadata: Type.Optional(Metadata),
});
export type CommandRecord = Static<typeof CommandRecord>;

/** A list of commands also carries what a long-polling runner must learn at once. */
export const CommandList = Type.Object({
  items: Type.Array(CommandRecord),
  cancelRequestedAt: Nullable(Timestamp),
  cancelCommandIds: Type.Array(CommandId),
  /** Names the cancel marks above; sent back as `knownCancelMark`, it lets a long poll wait for others. Empty while there are none. */
  cancelMark: Type.String(),
  /** A long poll also ends when the run does. */
  runStatus: Type.Enum(RUN_STATUSES),
});
export type CommandList = Static<typeof CommandList>;

/** The runner has taken the command; a turn's ack moves the run to `running`. `threadId` is the thread it goes to. */
export const CommandAck = Type.Object({
  ...RunnerFence,
  threadId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
});
export type CommandAck = Static<typeof CommandAck>;

/** `tooLate` ends a steer that found no turn to go into: it is `cancelled`, and its prompt becomes the next turn. */
export const CommandFinish = Type.Interface([Finish], { tooLate: Type.Optional(Type.Boolean()) });
export type CommandFinish = Static<typeof CommandFinish>;
