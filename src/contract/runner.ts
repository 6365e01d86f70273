import { Type, type Static } from 'typebox';
import { RUNNER_JOB_STATUSES } from '../domain/runner-job-status.js';
import {
  IdempotencyKey,
  Metadata,
  Name,
  Nullable,
  RunId,
  CommandId,
  RunnerJobId,
  Timestamp,
  ValuesPrinted,
} from './common.js';

export const RunnerRegister = Type.Object({
  runnerId: Type.Optional(Name),
  runId: Type.Optional(Nullable(RunId)),
  attemptId: Type.Optional(Nullable(Name)),
  backendProfile: Type.Optional(Type.String({ ...Name, default: 'codex' })),
  placement: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Metadata])),
  sourceCommit: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
});
export type RunnerRegister = Static<typeof RunnerRegister>;

export const RunnerRecord = Type.Object({
  id: Name,
  runId: Nullable(RunId),
  attemptId: Nullable(Name),
  backendProfile: Name,
  placement: Type.Unknown(),
  sourceCommit: Nullable(Type.String()),
  metadata: Metadata,
  registeredAt: Timestamp,
  updatedAt: Timestamp,
});
export type RunnerRecord = Static<typeof RunnerRecord>;

/** How many variables a runner Job may add to its agent's environment. */
export const RUNNER_ENV_LIMIT = 100;

/** Container resources by Kubernetes' names and quantities; what is absent is the installation's. */
const Quantity = Type.Optional(Type.String({ maxLength: 32 }));
const Quantities = Type.Object(
  { cpu: Quantity, memory: Quantity, 'ephemeral-storage': Quantity },
  { additionalProperties: false },
);

export const RunnerImage = Type.String({ minLength: 1, maxLength: 512 });

const resources = { requests: Type.Optional(Quantities), limits: Type.Optional(Quantities) };
export const RunnerResources = Type.Object(resources, { additionalProperties: false });

/** Values are for the agent's environment in plain sight; secrets go by profile or credential instead. */
export const RunnerEnv = Type.Record(
  Type.String({ pattern: '^(?!AGENTRUN_)[A-Za-z_][A-Za-z0-9_]{0,127}$' }),
  Type.String({ maxLength: 32_768 }),
  { maxProperties: RUNNER_ENV_LIMIT, additionalProperties: false },
);

export const RunnerJobCreate = Type.Object({
  commandId: Type.Optional(Nullable(CommandId)),
  attemptId: Type.Optional(Nullable(Name)),
  image: Type.Optional(Nullable(RunnerImage)),
  resources: Type.Optional(Nullable(Type.Object(resources))),
  env: Type.Optional(RunnerEnv),
  idempotencyKey: Type.Optional(IdempotencyKey),
});
export type RunnerJobCreate = Static<typeof RunnerJobCreate>;

export const RunnerJobRecord = Type.Object({
  id: RunnerJobId,
  runId: RunId,
  commandId: Nullable(CommandId),
  attempt: Type.Integer({ minimum: 1 }),
  attemptId: Name,
  runnerId: Name,
  jobName: Type.String(),
  namespace: Type.String(),
  /** Whether a runner that waited took it, or one was started for it; null until that is decided. */
  start: Nullable(Type.Enum(['warm', 'cold'] as const)),
  status: Type.Enum(RUNNER_JOB_STATUSES),
  /** Why the Job is where it is, in the platform's word: `exited`, `killed`, `OOMKilled`, `Unschedulable` … */
  reason: Nullable(Type.String()),
  exitCode: Nullable(Type.Integer()),
  message: Nullable(Type.String()),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: Nullable(Timestamp),
  /** From the run's events and lifecycle: where this attempt got to. */
  phase: Type.Optional(Type.String()),
  lastEventSeq: Type.Optional(Type.Integer({ minimum: 0 })),
  lastEventAt: Type.Optional(Nullable(Timestamp)),
  terminal: Type.Optional(Type.Boolean()),
  valuesPrinted: ValuesPrinted,
});
export type RunnerJobRecord = Static<typeof RunnerJobRecord>;

export const RunnerJobList = Type.Object({
  items: Type.Array(RunnerJobRecord),
  count: Type.Integer({ minimum: 0 }),
  lastSeq: Type.Integer({ minimum: 0 }),
});

/** How long a warm runner may ask to wait for its run. */
const ASSIGNMENT_WAIT_MS = 60_000;

export const AssignmentAsk = Type.Object({
  /** Names the process that asks: a claim token belongs to the first that used it. */
  instance: Type.String({ pattern: '^[A-Za-z0-9_-]{16,64}$' }),
  waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: ASSIGNMENT_WAIT_MS, default: 0 })),
});
export type AssignmentAsk = Static<typeof AssignmentAsk>;

/** What a runner that was started for a run is told when it starts, and `runnerToken`, its secret. */
export const Assignment = Type.Object({
  runId: RunId,
  attempt: Type.Integer({ minimum: 1 }),
  attemptId: Name,
  runnerId: Name,
  /** For the agent's environment. */
  env: Type.Record(Type.String(), Type.String()),
  traceparent: Nullable(Type.String()),
  runnerToken: Type.String(),
});
export type Assignment = Static<typeof Assignment>;

/** `assignment` is null where none came in time: ask again. */
export const AssignmentAnswer = Type.Object({ assignment: Nullable(Assignment) });
export type AssignmentAnswer = Static<typeof AssignmentAnswer>;

export const RunnerRetentionAsk = Type.Object({
  /** Only tells what it would do. */
  dryRun: Type.Optional(Type.Boolean({ default: false })),
});

const RetentionEntry = Type.Object({
  jobName: Type.String(),
  runId: Type.String(),
  attempt: Type.Integer({ minimum: 0 }),
  lastActiveAt: Timestamp,
  reason: Type.Enum(['over-cap', 'too-old'] as const),
  /** `planned`: in a dry run. `active`: it was heard of while the others went, and stays. */
  outcome: Type.Enum(['deleted', 'planned', 'active', 'failed'] as const),
  message: Nullable(Type.String()),
});

export const RunnerRetentionReport = Type.Object({
  action: Type.Literal('runner-retention'),
  /** False where no cap is set: then nothing is counted and nothing goes. */
  enabled: Type.Boolean(),
  dryRun: Type.Boolean(),
  maxRunners: Nullable(Type.Integer({ minimum: 1 })),
  cleanupOrder: Nullable(Type.String()),
  /** Runners that count, by labels and names; those of them that are active; and how many are left. */
  matching: Type.Integer({ minimum: 0 }),
  active: Type.Integer({ minimum: 0 }),
  remaining: Type.Integer({ minimum: 0 }),
  items: Type.Array(RetentionEntry),
  startedAt: Timestamp,
  finishedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type RunnerRetentionReport = Static<typeof RunnerRetentionReport>;
