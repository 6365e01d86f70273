import { Type, type Static } from 'typebox';
import { COMMAND_STATES } from '../domain/command-lifecycle.js';
import { RUN_STATUSES } from '../domain/run-lifecycle.js';
import { CommandRecord } from './command.js';
import {
  CommandId,
  IdempotencyKey,
  Name,
  Nullable,
  RunId,
  SessionId,
  Timestamp,
  ValuesPrinted,
  withoutDefaults,
} from './common.js';
import { ActionDescriptor } from './result.js';
import { RunCreate, RunRecord, SessionRef } from './run.js';
import { RunnerJobCreate, RunnerJobRecord } from './runner.js';

/**
 * What a new run is made from, where the session has no live one: what is absent is as in the session's last run, each field
 * of a policy by itself. A policy that is null is that of any run.
 */
export const RunBase = Type.Object({
  ...Type.Partial(Type.Omit(RunCreate, ['sessionRef', 'idempotencyKey'])).properties,
  backendProfile: Type.Optional(
    Type.String({
      ...Name,
      description: "As in the session's last run; where it has none, as the session was made, else codex.",
    }),
  ),
  executionPolicy: Type.Optional(withoutDefaults(RunCreate.properties.executionPolicy)),
  retryPolicy: Type.Optional(withoutDefaults(RunCreate.properties.retryPolicy)),
  sessionRef: Type.Optional(Nullable(Type.Partial(SessionRef))),
});
export type RunBase = Static<typeof RunBase>;

const Prompt = Type.String({ minLength: 1 });

/** One of `payload`, `prompt`, `message`, `text`, in this precedence. Other fields of a payload are the backend's own. */
export const SessionSend = Type.Object({
  payload: Type.Optional(Type.Object({ prompt: Prompt }, { additionalProperties: true })),
  prompt: Type.Optional(Prompt),
  message: Type.Optional(Prompt),
  text: Type.Optional(Prompt),
  commandIdempotencyKey: Type.Optional(IdempotencyKey),
  idempotencyKey: Type.Optional(IdempotencyKey),
  run: Type.Optional(Nullable(RunBase)),
  runBase: Type.Optional(Nullable(RunBase)),
  runnerJob: Type.Optional(Nullable(Type.Omit(RunnerJobCreate, ['commandId', 'idempotencyKey']))),
  createRunnerJob: Type.Optional(Type.Boolean({ default: true })),
  dryRun: Type.Optional(Type.Boolean({ default: false })),
});
export type SessionSend = Static<typeof SessionSend>;

const Decision = Type.Enum(['steer', 'turn'] as const);

/** The turn that was running when the send came; null when none was. */
const ActiveBefore = Nullable(
  Type.Object({
    runId: RunId,
    commandId: CommandId,
    commandState: Type.Enum(COMMAND_STATES),
    runStatus: Type.Enum(RUN_STATUSES),
    leaseExpiresAt: Nullable(Timestamp),
    leaseExpired: Type.Boolean(),
    reason: Type.Literal('active-turn-running'),
    valuesPrinted: ValuesPrinted,
  }),
);
export type ActiveBefore = Static<typeof ActiveBefore>;

export const SessionSent = Type.Object({
  action: Type.Literal('session-send'),
  dryRun: Type.Literal(false),
  mutation: Type.Literal(true),
  sessionId: SessionId,
  decision: Decision,
  internalCommandType: Decision,
  run: RunRecord,
  command: CommandRecord,
  /** Null for a steer, without `createRunnerJob`, and where the run has a runner that needs no Job. */
  runnerJob: Nullable(RunnerJobRecord),
  activeBefore: ActiveBefore,
  pollActions: Type.Array(ActionDescriptor),
  valuesPrinted: ValuesPrinted,
});
export type SessionSent = Static<typeof SessionSent>;

const Count = Type.Integer({ minimum: 0 });

/** What a send would do now; nothing is written. */
export const SessionSendPlan = Type.Object({
  action: Type.Literal('session-send-plan'),
  dryRun: Type.Literal(true),
  mutation: Type.Literal(false),
  sessionId: SessionId,
  decision: Decision,
  internalCommandType: Decision,
  activeBefore: ActiveBefore,
  request: Type.Object({
    method: Type.Literal('POST'),
    path: Type.String(),
    commandType: Decision,
    payloadBytes: Count,
    runBytes: Count,
    createRunnerJob: Type.Boolean(),
    runnerJobBytes: Count,
    valuesPrinted: ValuesPrinted,
  }),
  run: Type.Optional(
    Type.Object({
      bodyBytes: Count,
      sessionRef: Type.Object({
        sessionId: SessionId,
        conversationId: Nullable(Type.String()),
        threadId: Nullable(Type.String()),
        metadataKeys: Type.Array(Type.String()),
      }),
    }),
  ),
  next: Type.Object({ confirm: ActionDescriptor, note: Type.String() }),
  valuesPrinted: ValuesPrinted,
});
export type SessionSendPlan = Static<typeof SessionSendPlan>;

export const SessionSendAnswer = Type.Union([SessionSent, SessionSendPlan]);
export type SessionSendAnswer = Static<typeof SessionSendAnswer>;
