import { Type, type Static } from 'typebox';
import { APPROVALS, SANDBOXES } from '../domain/agent-rights.js';
import { FAILURE_KINDS } from '../domain/failure-kinds.js';
import { RUN_DEFAULTS } from '../domain/lease.js';
import { TERMINAL_STATUSES } from '../domain/outcome.js';
import { RUN_STATUSES } from '../domain/run-lifecycle.js';
import { TOOL_CREDENTIALS } from '../domain/tool-credentials.js';
import {
  IdempotencyKey,
  Metadata,
  Name,
  Nullable,
  RunId,
  RunnerFence,
  SessionId,
  Timestamp,
  ValuesPrinted,
} from './common.js';

const DAY_MS = 86_400_000;
const closed = { additionalProperties: false };

export const SessionRef = Type.Object({
  sessionId: SessionId,
  conversationId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  threadId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  metadata: Type.Optional(Metadata),
});
export type SessionRef = Static<typeof SessionRef>;

/**
 * Where the agent works: an empty folder, a clone of a git repository, or an existing folder of the runner's machine.
 * `repoUrl` takes git's own transports only; git's `ext::` and options in place of a URL are refused.
 * So is a URL with credentials in it, for a run's record is stored and shown: a runner's own git configuration holds them.
 */
export const WorkspaceRef = Type.Object(
  {
    kind: Type.Enum(['none', 'git', 'path'] as const),
    repoUrl: Type.Optional(
      Type.String({
        maxLength: 2048,
        pattern: '^(https?://|ssh://|git://|file:///|/|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:)[^\\s]+$',
      }),
    ),
    ref: Type.Optional(Type.String({ maxLength: 255, pattern: '^[A-Za-z0-9_][A-Za-z0-9._/@+-]*$' })),
    path: Type.Optional(Type.String({ maxLength: 4096, pattern: '^/[^\\u0000]*$' })),
  },
  {
    ...closed,
    allOf: [
      { if: { required: ['kind'], properties: { kind: { const: 'git' } } }, then: { required: ['repoUrl'] } },
      { if: { required: ['kind'], properties: { kind: { const: 'path' } } }, then: { required: ['path'] } },
    ],
  },
);
export type WorkspaceRef = Static<typeof WorkspaceRef>;

/** What of the installation's secrets the agent may use. `toolCredentials` it is lent; everything else is kept from it. */
export const SecretScope = Type.Object(
  { toolCredentials: Type.Optional(Type.Array(Type.Enum(TOOL_CREDENTIALS), { uniqueItems: true })) },
  { additionalProperties: true },
);
export type SecretScope = Static<typeof SecretScope>;

/**
 * `timeoutMs` limits one turn from its ack; `idleTimeoutMs` is the longest silence within a turn. The sandbox of a run that names
 * none is a setting of the installation's: where its machines can make one.
 */
export const ExecutionPolicy = Type.Object(
  {
    sandbox: Type.Enum(SANDBOXES),
    approval: Type.Enum(APPROVALS, { default: 'never' }),
    network: Type.Boolean({ default: true }),
    timeoutMs: Type.Integer({ minimum: 1_000, maximum: 7 * DAY_MS, default: RUN_DEFAULTS.turnTimeoutMs }),
    idleTimeoutMs: Type.Integer({ minimum: 1_000, maximum: 7 * DAY_MS, default: RUN_DEFAULTS.idleTimeoutMs }),
    secretScope: Type.Optional(SecretScope),
  },
  closed,
);
export type ExecutionPolicy = Static<typeof ExecutionPolicy>;

/** How often a run is tried again after its runner was lost; waits double from `backoffMs` up to `maxBackoffMs`. */
export const RetryPolicy = Type.Object(
  {
    maxAttempts: Type.Integer({ minimum: 1, maximum: 100, default: RUN_DEFAULTS.maxAttempts }),
    backoffMs: Type.Integer({ minimum: 0, maximum: DAY_MS, default: RUN_DEFAULTS.backoffMs }),
    maxBackoffMs: Type.Integer({ minimum: 0, maximum: DAY_MS, default: RUN_DEFAULTS.maxBackoffMs }),
  },
  closed,
);
export type RetryPolicy = Static<typeof RetryPolicy>;

export const RunCreate = Type.Object({
  tenantId: Name,
  projectId: Name,
  backendProfile: Type.Optional(Type.String({ ...Name, default: 'codex' })),
  providerId: Type.Optional(Nullable(Name)),
  sessionRef: Type.Optional(Nullable(SessionRef)),
  workspaceRef: Type.Optional(Nullable(WorkspaceRef)),
  executionPolicy: Type.Optional(Nullable(Type.Partial(ExecutionPolicy, closed))),
  retryPolicy: Type.Optional(Nullable(Type.Partial(RetryPolicy, closed))),
  /** The run ends with its first turn, as the turn ended. Otherwise it stays open for further ones until its runner idles out. */
  endsWithTurn: Type.Optional(Type.Boolean({ default: false })),
  metadata: Type.Optional(Metadata),
  idempotencyKey: Type.Optional(IdempotencyKey),
});
export type RunCreate = Static<typeof RunCreate>;

/** A run as it stands. Times are ISO 8601; `attempt` counts from 1. */
export const RunRecord = Type.Object({
  id: RunId,
  status: Type.Enum(RUN_STATUSES),
  terminalStatus: Nullable(Type.Enum(TERMINAL_STATUSES)),
  failureKind: Nullable(Type.Enum(FAILURE_KINDS)),
  failureMessage: Nullable(Type.String()),
  tenantId: Name,
  projectId: Name,
  providerId: Nullable(Name),
  backendProfile: Name,
  sessionRef: Nullable(SessionRef),
  workspaceRef: WorkspaceRef,
  executionPolicy: ExecutionPolicy,
  retryPolicy: RetryPolicy,
  metadata: Metadata,
  claimedBy: Nullable(Name),
  leaseExpiresAt: Nullable(Timestamp),
  attempt: Type.Integer({ minimum: 1 }),
  /** The thread that the agent's backend named, once it has one. */
  threadId: Nullable(Type.String()),
  cancelRequestedAt: Nullable(Timestamp),
  cancelReason: Nullable(Type.String()),
  /** The newest command's `seq`; 0 before the first. */
  lastCommandSeq: Type.Integer({ minimum: 0 }),
  workflowId: Type.String(),
  traceId: Type.String(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: Nullable(Timestamp),
  valuesPrinted: ValuesPrinted,
});
export type RunRecord = Static<typeof RunRecord>;

/** Ends a run or a command. An absent `terminalStatus` means `failed`. */
export const Finish = Type.Object({
  terminalStatus: Type.Enum(TERMINAL_STATUSES, { default: 'failed' }),
  failureKind: Type.Optional(Nullable(Type.Enum(FAILURE_KINDS))),
  failureMessage: Type.Optional(Nullable(Type.String({ maxLength: 16_384 }))),
  threadId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  turnId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  ...RunnerFence,
});
export type Finish = Static<typeof Finish>;

/** A runner's finish may say which command it saw last: one that came later refuses the finish with 409. */
export const RunFinish = Type.Interface([Finish], {
  lastCommandSeq: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type RunFinish = Static<typeof RunFinish>;

export const CancelRequest = Type.Object({ reason: Type.Optional(Nullable(Type.String({ maxLength: 2_000 }))) });
export type CancelRequest = Static<typeof CancelRequest>;
