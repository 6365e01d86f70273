import { Type, type Static } from 'typebox';
import { ATTENTION_STATES } from '../domain/attention.js';
import { COMMAND_STATES } from '../domain/command-lifecycle.js';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { idPattern } from '../domain/ids.js';
import { TASK_PHASES, TASK_PRIORITY, TASK_RETRY_DEFAULTS, TASK_STATES } from '../domain/task-lifecycle.js';
import { AipodSpecName } from './aipod-spec.js';
import {
  CommandId,
  IdempotencyKey,
  Metadata,
  Name,
  Nullable,
  RunId,
  RunnerJobId,
  SessionId,
  Timestamp,
  ValuesPrinted,
  withoutDefaults,
} from './common.js';
import { LeaseState, Liveness, RunResult } from './result.js';
import { ExecutionPolicy, RetryPolicy, SessionRef, WorkspaceRef } from './run.js';
import { RunnerJobCreate } from './runner.js';
import { DEFAULT_READER, ReaderId, SessionRecord, Unavailable } from './session.js';

const closed = { additionalProperties: false };

export const TaskId = Type.String({ pattern: idPattern('task') });
export const QueueName = Name;

const Prompt = Type.String({ minLength: 1 });
const Title = Type.String({ minLength: 1, maxLength: 300 });

/** The higher runs first; between equal ones tenants take turns, and within a tenant the older runs first. Absent: 500. */
const Priority = Type.Integer({ minimum: TASK_PRIORITY.min, maximum: TASK_PRIORITY.max });

/** How often a task is tried again after a failure that may pass; waits double from `backoffMs` up to `maxBackoffMs`. */
export const TaskRetryPolicy = Type.Object(
  {
    maxAttempts: Type.Integer({ minimum: 1, maximum: 100, default: TASK_RETRY_DEFAULTS.maxAttempts }),
    backoffMs: Type.Integer({ minimum: 0, maximum: 86_400_000, default: TASK_RETRY_DEFAULTS.backoffMs }),
    maxBackoffMs: Type.Integer({ minimum: 0, maximum: 86_400_000, default: TASK_RETRY_DEFAULTS.maxBackoffMs }),
  },
  closed,
);
export type TaskRetryPolicy = Static<typeof TaskRetryPolicy>;

/** Caps over all attempts of a task: tokens as its agents count them, and milliseconds in which an attempt was live. */
export const TaskBudget = Type.Object(
  {
    maxTokens: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))),
    maxWallTimeMs: Type.Optional(Nullable(Type.Integer({ minimum: 1_000, maximum: 30 * 86_400_000 }))),
  },
  closed,
);
export type TaskBudget = Static<typeof TaskBudget>;

/**
 * A task: what an agent is to do, once, sometime. `aipod` names a spec that says what the body leaves out; so nothing here that a spec
 * can say has a default. What it runs with is settled when it is created: a spec that changes later changes no task.
 */
export const TaskCreate = Type.Object({
  /** Absent: `default`. */
  queue: Type.Optional(QueueName),
  title: Type.Optional(Title),
  /** May be left to the spec of `aipod`. */
  tenantId: Type.Optional(Name),
  projectId: Type.Optional(Name),
  /** Absent: `codex`. */
  backendProfile: Type.Optional(Name),
  aipod: Type.Optional(
    Type.Union([
      AipodSpecName,
      Type.Object(
        { name: AipodSpecName, version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })) },
        closed,
      ),
    ]),
  ),
  prompt: Type.Optional(Prompt),
  /** In place of `prompt`; other fields of it are the backend's own. */
  payload: Type.Optional(Type.Object({ prompt: Prompt }, { additionalProperties: true })),
  /** The task takes a turn on the session's live run, or starts its next one. */
  sessionRef: Type.Optional(Nullable(SessionRef)),
  priority: Type.Optional(Priority),
  retryPolicy: Type.Optional(withoutDefaults(Type.Partial(TaskRetryPolicy, closed))),
  /** In the future. */
  notBefore: Type.Optional(Timestamp),
  autoDispatch: Type.Optional(Type.Boolean()),
  budget: Type.Optional(TaskBudget),
  providerId: Type.Optional(Nullable(Name)),
  workspaceRef: Type.Optional(Nullable(WorkspaceRef)),
  executionPolicy: Type.Optional(Nullable(withoutDefaults(Type.Partial(ExecutionPolicy, closed)))),
  /** Of each run that the task starts: how often a lost runner is replaced within one attempt. */
  runRetryPolicy: Type.Optional(Nullable(Type.Partial(RetryPolicy, closed))),
  runnerJob: Type.Optional(Nullable(Type.Omit(RunnerJobCreate, ['commandId', 'idempotencyKey']))),
  metadata: Type.Optional(Metadata),
  idempotencyKey: Type.Optional(IdempotencyKey),
});
export type TaskCreate = Static<typeof TaskCreate>;

export const TaskAttempt = Type.Object({
  /** From 1. */
  attempt: Type.Integer({ minimum: 1 }),
  /** Null for an attempt that could not be started. */
  runId: Nullable(RunId),
  commandId: Nullable(CommandId),
  sessionId: Nullable(SessionId),
  /** The Job that it was started with; null for a turn on a live run. */
  runnerJobId: Nullable(RunnerJobId),
  /** Of its command, where there is one. */
  state: Type.Enum(COMMAND_STATES),
  /** False where it took a turn on a run that was live before. */
  startedRun: Type.Boolean(),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
  startedAt: Timestamp,
  finishedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type TaskAttempt = Static<typeof TaskAttempt>;

/** What a task used so far, over all its attempts. */
const TaskUsage = Type.Object({
  /** As its agents counted them; 0 where they tell nothing. */
  totalTokens: Type.Integer({ minimum: 0 }),
  wallTimeMs: Type.Integer({ minimum: 0 }),
});

/** A task as it stands, without what it is told to do. `unread` and `attentionState` are the reader's that was asked for. */
export const TaskRecord = Type.Object({
  id: TaskId,
  queue: QueueName,
  title: Nullable(Title),
  tenantId: Name,
  projectId: Name,
  backendProfile: Name,
  state: Type.Enum(TASK_STATES),
  phase: Type.Enum(TASK_PHASES),
  priority: Type.Integer(),
  autoDispatch: Type.Boolean(),
  dispatchedAt: Nullable(Timestamp),
  notBefore: Nullable(Timestamp),
  /** When it goes on by itself; null unless its phase is `waiting-until` or `waiting-to-retry`. */
  waitingUntil: Nullable(Timestamp),
  retryPolicy: TaskRetryPolicy,
  budget: Type.Required(TaskBudget),
  usage: TaskUsage,
  sessionRef: Nullable(SessionRef),
  aipod: Nullable(Type.Object({ name: AipodSpecName, version: Type.Integer() })),
  latestAttempt: Nullable(TaskAttempt),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
  cancelRequestedAt: Nullable(Timestamp),
  cancelReason: Nullable(Type.String()),
  metadata: Metadata,
  unread: Type.Boolean(),
  traceId: Type.String(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type TaskRecord = Static<typeof TaskRecord>;

const session = SessionRecord.properties;

/** The session of the task's newest attempt while it works, be it on something else; there is none between its turns. */
export const ActiveSession = Type.Object({
  sessionId: SessionId,
  sessionPath: session.sessionPath,
  executionState: session.executionState,
  attentionState: session.attentionState,
  active: session.active,
  activeRunId: session.activeRunId,
  activeCommandId: session.activeCommandId,
  lastRunId: session.lastRunId,
  lastCommandId: session.lastCommandId,
  terminalStatus: session.terminalStatus,
  failureKind: session.failureKind,
  lastActivityAt: session.lastActivityAt,
  updatedAt: session.updatedAt,
  valuesPrinted: ValuesPrinted,
});
export type ActiveSession = Static<typeof ActiveSession>;

const liveness = Liveness.properties;
const result = RunResult.properties;

/** What someone who minds the task must know of the work on it, in one bounded object. */
export const TaskSupervisor = Type.Object({
  source: Type.Enum(['active-session', 'latest-attempt'] as const),
  attemptRunId: Nullable(RunId),
  attemptCommandId: Nullable(CommandId),
  activeSession: Nullable(ActiveSession),
  runId: Nullable(RunId),
  commandId: Nullable(CommandId),
  executionState: Nullable(session.executionState),
  activeRunId: Nullable(RunId),
  activeCommandId: Nullable(CommandId),
  status: Nullable(result.status),
  terminalStatus: result.terminalStatus,
  failureKind: result.failureKind,
  diagnosis: Nullable(Type.String()),
  terminalClassification: result.terminalClassification,
  phase: Nullable(liveness.phase),
  active: Type.Boolean(),
  lastSeq: liveness.lastSeq,
  lastEventAt: liveness.lastEventAt,
  lastEventAgeMs: liveness.lastEventAgeMs,
  lastActivity: liveness.lastActivity,
  timeoutBudget: Nullable(liveness.timeoutBudget),
  lease: Nullable(LeaseState),
  leaseRemainingMs: LeaseState.properties.leaseRemainingMs,
  leaseExpired: Type.Boolean(),
  recoveryActions: liveness.recoveryActions,
  valuesPrinted: ValuesPrinted,
});
export type TaskSupervisor = Static<typeof TaskSupervisor>;

/** A task with what its session and its newest attempt tell. `supervisor` is null before the first attempt. */
export const TaskSummary = Type.Interface([TaskRecord], {
  active: Type.Boolean(),
  attentionState: Type.Enum(ATTENTION_STATES),
  activeSession: Nullable(ActiveSession),
  supervisor: Nullable(Type.Union([TaskSupervisor, Unavailable])),
});
export type TaskSummary = Static<typeof TaskSummary>;

/** One task whole: what it is told to do, and all its attempts, oldest first. */
export const TaskDetail = Type.Interface([TaskSummary], {
  payload: Type.Object({ prompt: Prompt }, { additionalProperties: true }),
  workspaceRef: WorkspaceRef,
  executionPolicy: ExecutionPolicy,
  attempts: Type.Array(TaskAttempt),
  /** What happened and what to do next, in words. */
  diagnosis: Type.String(),
});
export type TaskDetail = Static<typeof TaskDetail>;

export const TaskCancel = Type.Object({ reason: Type.Optional(Nullable(Type.String({ maxLength: 2_000 }))) });
export type TaskCancel = Static<typeof TaskCancel>;

export const TaskRead = Type.Object({ readerId: Type.Optional(Type.String({ ...ReaderId, default: DEFAULT_READER })) });
export type TaskRead = Static<typeof TaskRead>;
