import { Type, type Static } from 'typebox';
import { COMMAND_STATES } from '../domain/command-lifecycle.js';
import { EVENT_TYPES } from '../domain/event-types.js';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { NEXT_ACTIONS } from '../domain/next-actions.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import { RUN_STATUSES } from '../domain/run-lifecycle.js';
import { CommandId, Metadata, Nullable, RunId, SessionId, Timestamp, ValuesPrinted } from './common.js';

/** Ages and limits are in milliseconds; texts are cut to the lengths given here. */

const Ms = Type.Integer({ minimum: 0 });
const Seq = Type.Integer({ minimum: 0 });

export const LIVENESS_PHASES = [
  'waiting-for-runner',
  'runner-starting',
  'claimed',
  'turn-running',
  'tool-running',
  'idle',
  'lease-expired',
  'retrying',
  'terminal',
] as const;
export type LivenessPhase = (typeof LIVENESS_PHASES)[number];

export const Activity = Type.Object({
  sourceSeq: Seq,
  eventId: Type.String(),
  activityKind: Type.String(),
  type: Type.Enum(EVENT_TYPES),
  status: Nullable(Type.String()),
  toolName: Nullable(Type.String()),
  itemId: Nullable(Type.String()),
  ageMs: Ms,
  summary: Type.String({ maxLength: 180 }),
});
export type Activity = Static<typeof Activity>;

/** How much of a turn's time is used: of the limit that is nearer. */
export const TimeoutBudget = Type.Object({
  state: Type.Enum(['not-started', 'within-budget', 'exceeded', 'ended'] as const),
  timeoutKind: Type.Enum(['hard', 'idle'] as const),
  timeoutMs: Ms,
  elapsedMs: Ms,
  idleElapsedMs: Nullable(Ms),
  remainingMs: Ms,
  startedAt: Nullable(Timestamp),
  idleStartedAt: Nullable(Timestamp),
  lastActivityAt: Nullable(Timestamp),
  lastActivitySeq: Nullable(Seq),
  commandElapsedMs: Nullable(Ms),
  runElapsedMs: Ms,
  source: Type.String(),
});
export type TimeoutBudget = Static<typeof TimeoutBudget>;

export const LeaseState = Type.Object({
  claimedBy: Nullable(Type.String()),
  leaseExpiresAt: Nullable(Timestamp),
  leaseExpired: Type.Boolean(),
  leaseRemainingMs: Nullable(Ms),
});
export type LeaseState = Static<typeof LeaseState>;

export const TerminalClassification = Type.Object({
  category: Type.String(),
  confidence: Type.Enum(['high', 'medium', 'low'] as const),
  providerEvidence: Type.Boolean(),
  providerInterruption: Type.Boolean(),
  providerInterruptionKnown: Type.Boolean(),
  providerInterruptionReason: Nullable(Type.String({ maxLength: 240 })),
  retryInterruptionObserved: Type.Boolean(),
  retryInterruptionSeq: Nullable(Seq),
  retryInterruptionKind: Nullable(Type.String()),
  hardTimeout: Type.Boolean(),
  idleTimeout: Type.Boolean(),
  timeoutKind: Nullable(Type.Enum(['hard', 'idle'] as const)),
  transportDisconnectObserved: Type.Boolean(),
  transportDisconnectSeq: Nullable(Seq),
  reason: Type.String({ maxLength: 240 }),
});
export type TerminalClassification = Static<typeof TerminalClassification>;

/** What a caller can do next, without spelling a shell command. */
export const ActionDescriptor = Type.Object({
  action: Type.Enum(NEXT_ACTIONS),
  operation: Type.String(),
  resourceKind: Type.String(),
  resourceName: Nullable(Type.String()),
  runId: Nullable(RunId),
  commandId: Nullable(CommandId),
  sessionId: Nullable(SessionId),
  runnerJobId: Type.Optional(Type.String()),
  afterSeq: Type.Optional(Seq),
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  readerId: Type.Optional(Type.String()),
  reasonRequired: Type.Optional(Type.Boolean()),
  inputKind: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  reasonHint: Type.Optional(Type.String({ maxLength: 220 })),
  failureMessage: Type.Optional(Type.String({ maxLength: 220 })),
  valuesPrinted: ValuesPrinted,
});
export type ActionDescriptor = Static<typeof ActionDescriptor>;

export const Liveness = Type.Object({
  phase: Type.Enum(LIVENESS_PHASES),
  active: Type.Boolean(),
  lastSeq: Seq,
  lastEventAt: Nullable(Timestamp),
  lastEventAgeMs: Nullable(Ms),
  lastActivity: Nullable(Activity),
  lastCommandActivity: Nullable(Activity),
  timeoutBudget: TimeoutBudget,
  lease: LeaseState,
  terminalClassification: Nullable(TerminalClassification),
  recoveryActions: Type.Array(ActionDescriptor, { maxItems: 5 }),
});
export type Liveness = Static<typeof Liveness>;

/** Where one steer got to, and the event that proves it. */
export const SteerDelivery = Type.Object({
  commandId: CommandId,
  state: Type.Enum(['queued', 'delivered', 'too-late'] as const),
  provedBySeq: Nullable(Seq),
  supersededBy: Nullable(CommandId),
});
export type SteerDelivery = Static<typeof SteerDelivery>;

export const RunResult = Type.Object({
  runId: RunId,
  commandId: Nullable(CommandId),
  /** Of that command; `status` is the run's. */
  commandState: Nullable(Type.Enum(COMMAND_STATES)),
  status: Type.Enum(RUN_STATUSES),
  terminalStatus: Nullable(Type.Enum(TERMINAL_STATUSES)),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
  /** The final assistant text; for a plain command, the end of what it printed. */
  reply: Nullable(Type.String()),
  usage: Nullable(Metadata),
  lastSeq: Seq,
  liveness: Liveness,
  terminalClassification: Nullable(TerminalClassification),
  diagnosis: Type.String(),
  steerDelivery: Type.Optional(Type.Array(SteerDelivery)),
  artifacts: Type.Array(Metadata),
  valuesPrinted: ValuesPrinted,
});
export type RunResult = Static<typeof RunResult>;
