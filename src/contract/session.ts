import { Type, type Static } from 'typebox';
import { ATTENTION_STATES } from '../domain/attention.js';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import { SESSION_EXECUTION_STATES } from '../domain/session-state.js';
import {
  CommandId,
  IdempotencyKey,
  Metadata,
  Name,
  Nullable,
  RunId,
  SessionId,
  Timestamp,
  ValuesPrinted,
} from './common.js';
import { Liveness, RunResult } from './result.js';

/** Who reads: each reader has unread marks of its own. */
export const ReaderId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$' });
export const DEFAULT_READER = 'cli';

/** A folder's name relative to CODEX_HOME. */
const RolloutSubdir = Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$' });

export const SessionCreate = Type.Object({
  sessionId: Type.Optional(SessionId),
  tenantId: Name,
  projectId: Name,
  backendProfile: Type.Optional(Type.String({ ...Name, default: 'codex' })),
  conversationId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  codexRolloutSubdir: Type.Optional(Type.String({ ...RolloutSubdir, default: 'sessions' })),
  /** Until when it is kept without activity; each activity moves it on by the same time. Absent: 30 days. */
  expiresAt: Type.Optional(Timestamp),
  metadata: Type.Optional(Metadata),
  idempotencyKey: Type.Optional(IdempotencyKey),
});
export type SessionCreate = Static<typeof SessionCreate>;

/** A session's volume as the platform and the runners that measured it tell it. Sizes in bytes. */
export const SessionStorage = Type.Object({
  pvcName: Nullable(Type.String()),
  namespace: Nullable(Type.String()),
  pvcPhase: Nullable(Type.String()),
  storageSizeBytes: Nullable(Type.Integer({ minimum: 0 })),
  storageFilesCount: Nullable(Type.Integer({ minimum: 0 })),
  storageSha256: Nullable(Type.String()),
  /** Null where nothing limits it. */
  storageQuotaBytes: Nullable(Type.Integer({ minimum: 0 })),
  /** It was larger than its quota when it was last measured. */
  storageOverQuota: Type.Boolean(),
  storageUpdatedAt: Nullable(Timestamp),
  codexRolloutSubdir: Type.String(),
  valuesPrinted: ValuesPrinted,
});
export type SessionStorage = Static<typeof SessionStorage>;

/** `pvc` is any volume, a folder of this machine too. */
const STORAGE_KINDS = ['none', 'pvc', 'evicted'] as const;

/** A session as it stands. `unread` is the reader's that was asked for. */
export const SessionRecord = Type.Object({
  sessionId: SessionId,
  sessionPath: Type.String(),
  tenantId: Name,
  projectId: Name,
  backendProfile: Name,
  conversationId: Nullable(Type.String()),
  threadId: Nullable(Type.String()),
  metadata: Metadata,
  executionState: Type.Enum(SESSION_EXECUTION_STATES),
  attentionState: Type.Enum(ATTENTION_STATES),
  /** A run of it is about to work, or works; false between turns. */
  active: Type.Boolean(),
  activeRunId: Nullable(RunId),
  activeCommandId: Nullable(CommandId),
  lastRunId: Nullable(RunId),
  lastCommandId: Nullable(CommandId),
  terminalStatus: Nullable(Type.Enum(TERMINAL_STATUSES)),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  lastActivityAt: Timestamp,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  unread: Type.Boolean(),
  expiresAt: Timestamp,
  storageKind: Type.Enum(STORAGE_KINDS),
  storagePvcName: Nullable(Type.String()),
  storagePvcPhase: Nullable(Type.String()),
  codexRolloutSubdir: Type.String(),
  valuesPrinted: ValuesPrinted,
});
export type SessionRecord = Static<typeof SessionRecord>;

/** Why a part of an answer could not be built; the rest answers all the same. */
export const Unavailable = Type.Object({
  phase: Type.Literal('unavailable'),
  failureKind: Type.Literal('infra-failed'),
  message: Type.String(),
});
export type Unavailable = Static<typeof Unavailable>;

const { lastSeq, lastEventAgeMs, lastActivity, timeoutBudget, phase, recoveryActions } = Liveness.properties;
const { runId, commandId, status, terminalClassification, steerDelivery } = RunResult.properties;
const record = SessionRecord.properties;

/** What someone who minds the session must know of its run, in one bounded object. */
const SessionSupervisor = Type.Object({
  sessionId: SessionId,
  executionState: record.executionState,
  attentionState: record.attentionState,
  active: record.active,
  activeRunId: record.activeRunId,
  activeCommandId: record.activeCommandId,
  lastRunId: record.lastRunId,
  lastCommandId: record.lastCommandId,
  runId: Nullable(runId),
  commandId,
  status: Nullable(status),
  terminalStatus: record.terminalStatus,
  failureKind: record.failureKind,
  terminalClassification,
  phase: Nullable(phase),
  lastEventAgeMs,
  lastActivity,
  timeoutBudget: Nullable(timeoutBudget),
  lastSeq,
  liveness: Nullable(Liveness),
  recoveryActions,
  steerDelivery,
  valuesPrinted: ValuesPrinted,
});
export type SessionSupervisor = Static<typeof SessionSupervisor>;

/** The record with what its active run, or its last one, tells. `liveness` is null before its first run. */
export const SessionSummary = Type.Interface([SessionRecord], {
  liveness: Nullable(Type.Union([Liveness, Unavailable])),
  supervisor: Type.Union([SessionSupervisor, Unavailable]),
});
export type SessionSummary = Static<typeof SessionSummary>;

const created = { session: SessionRecord, valuesPrinted: ValuesPrinted };

export const SessionCreated = Type.Union([
  Type.Object({ action: Type.Literal('session-created'), ...created, pvc: SessionStorage }),
  Type.Object({ action: Type.Literal('session-storage-recovered'), ...created, pvc: SessionStorage }),
  Type.Object({
    action: Type.Literal('session-exists'),
    ...created,
    pvcName: Nullable(Type.String()),
    pvcPhase: Nullable(Type.String()),
    codexRolloutSubdir: Type.String(),
  }),
]);
export type SessionCreated = Static<typeof SessionCreated>;

export const SessionRead = Type.Object({
  readerId: Type.Optional(Type.String({ ...ReaderId, default: DEFAULT_READER })),
  /** The other way round: the reader wants to see it as unread again. */
  unread: Type.Optional(Type.Boolean({ default: false })),
});
export type SessionRead = Static<typeof SessionRead>;

export const SessionControl = Type.Object({
  action: Type.Enum(['read', 'cancel'] as const),
  readerId: Type.Optional(Type.String({ ...ReaderId, default: DEFAULT_READER })),
  reason: Type.Optional(Nullable(Type.String({ maxLength: 2_000 }))),
});
export type SessionControl = Static<typeof SessionControl>;

export const SessionControlled = Type.Object({
  action: Type.Enum(['session-read', 'session-unread', 'session-cancel'] as const),
  sessionId: SessionId,
  /** What the cancel went to. */
  cancelled: Type.Optional(Type.Enum(['command', 'run'] as const)),
  runId: Nullable(RunId),
  commandId: Nullable(CommandId),
  session: SessionRecord,
  valuesPrinted: ValuesPrinted,
});
export type SessionControlled = Static<typeof SessionControlled>;

/** Kubernetes' names: nothing that could pass for a path. */
const NAME_PATTERN = '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$';

/** What a runner measured of its session's volume. */
export const StorageRefresh = Type.Object({
  pvcName: Type.String({ pattern: NAME_PATTERN, maxLength: 253 }),
  namespace: Type.String({ pattern: NAME_PATTERN, maxLength: 63 }),
  pvcPhase: Type.Optional(Nullable(Type.String({ maxLength: 32 }))),
  storageSizeBytes: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))),
  storageFilesCount: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))),
  storageSha256: Type.Optional(Nullable(Type.String({ pattern: '^[0-9a-f]{64}$' }))),
});
export type StorageRefresh = Static<typeof StorageRefresh>;

export const StorageRefreshed = Type.Object({
  action: Type.Literal('session-storage-refreshed'),
  sessionId: SessionId,
  summary: SessionStorage,
  valuesPrinted: ValuesPrinted,
});
export type StorageRefreshed = Static<typeof StorageRefreshed>;

export const StorageEvicted = Type.Object({
  action: Type.Enum(['session-storage-evicted', 'session-storage-evicting'] as const),
  sessionId: SessionId,
  summary: SessionStorage,
  valuesPrinted: ValuesPrinted,
});
export type StorageEvicted = Static<typeof StorageEvicted>;

/** One session that a cycle of the garbage collection looked at. */
const GcEntry = Type.Object({
  sessionId: SessionId,
  pvcName: Nullable(Type.String()),
  expiresAt: Timestamp,
  outcome: Type.Enum(['evicted', 'kept', 'failed'] as const),
  reason: Type.String(),
});

export const StorageGcReport = Type.Object({
  action: Type.Literal('session-storage-gc'),
  items: Type.Array(GcEntry),
  evicted: Type.Integer({ minimum: 0 }),
  kept: Type.Integer({ minimum: 0 }),
  failed: Type.Integer({ minimum: 0 }),
  /** More expired sessions than one cycle takes: the next one goes on. */
  more: Type.Boolean(),
  startedAt: Timestamp,
  finishedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type StorageGcReport = Static<typeof StorageGcReport>;
