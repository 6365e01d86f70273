import { TOOL_CREDENTIALS } from '../domain/tool-credentials.js';
import { Type, type Static } from 'typebox';
import { IdempotencyKey, Name, Nullable, Timestamp, ValuesPrinted, withoutDefaults } from './common.js';
import { ExecutionPolicy, RetryPolicy, RunCreate, SessionRef, WorkspaceRef } from './run.js';
import { RunnerEnv, RunnerImage, RunnerJobCreate, RunnerResources } from './runner.js';

/**
 * An AipodSpec: a named, declarative template of agent work. Its fields are called as in the bodies of runs and runner
 * Jobs, and have their limits. Nothing in it has a default: what a spec does not say is left to who renders it, and
 * then to the server.
 */

const closed = { additionalProperties: false };

const AIPOD_SPEC_API_VERSION = 'agentrun/v1';
const AIPOD_SPEC_KIND = 'AipodSpec';

/** Characters of a document, as YAML text or as JSON. */
export const AIPOD_SPEC_MAX_LENGTH = 131_072;

/** Found in any case; nothing in it needs escaping in a URL. */
export const AipodSpecName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$' });

const AipodSpecVersion = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 });

const Labels = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$' }),
  Type.String({ maxLength: 256 }),
  { maxProperties: 50, additionalProperties: false },
);

const AipodMetadata = Type.Object(
  {
    name: AipodSpecName,
    labels: Type.Optional(Labels),
    description: Type.Optional(Type.String({ maxLength: 2_000 })),
  },
  closed,
);

const Policy = withoutDefaults(Type.Partial(ExecutionPolicy, closed));
const Retry = withoutDefaults(Type.Partial(RetryPolicy, closed));
const ToolCredentials = Type.Array(Type.Enum(TOOL_CREDENTIALS), { uniqueItems: true });
const Title = Type.String({ minLength: 1, maxLength: 300 });
const Priority = Type.Integer({ minimum: 0, maximum: 1_000 });

/** What a spec and who renders it may both say, in one form. */
const shared = {
  tenantId: Type.Optional(Name),
  projectId: Type.Optional(Name),
  backendProfile: Type.Optional(Name),
  executionPolicy: Type.Optional(Policy),
  retryPolicy: Type.Optional(Retry),
  /** Names of tool credentials: short for `executionPolicy.secretScope.toolCredentials`, and wins over it. */
  toolCredentials: Type.Optional(ToolCredentials),
  env: Type.Optional(RunnerEnv),
  /** True when neither says otherwise: the run ends with the turn it was rendered for. */
  endsWithTurn: Type.Optional(Type.Boolean()),
  title: Type.Optional(Title),
  queue: Type.Optional(Name),
  priority: Type.Optional(Priority),
  autoDispatch: Type.Optional(Type.Boolean()),
  metadata: RunCreate.properties.metadata,
};

export const AipodTemplate = Type.Object(
  {
    ...shared,
    providerId: Type.Optional(Name),
    workspaceRef: Type.Optional(WorkspaceRef),
    image: Type.Optional(RunnerImage),
    resources: Type.Optional(RunnerResources),
    /** Goes before every prompt, an empty line between them. */
    promptPreamble: Type.Optional(Type.String({ minLength: 1, maxLength: 100_000 })),
  },
  closed,
);
export type AipodTemplate = Static<typeof AipodTemplate>;

const documentFields = {
  apiVersion: Type.Literal(AIPOD_SPEC_API_VERSION),
  kind: Type.Literal(AIPOD_SPEC_KIND),
  metadata: AipodMetadata,
  spec: AipodTemplate,
};

const ABOUT = {
  ...closed,
  description:
    'A named template of agent work. It is stored and shown as it is, so it holds no secrets: values in `env` are in plain sight. Secrets go by the provider profile that `backendProfile` names, and by `toolCredentials`.',
};

export const AipodSpec = Type.Object(documentFields, ABOUT);
export type AipodSpec = Static<typeof AipodSpec>;

/** As a request's body: the document itself, or its YAML text. */
export const AipodSpecJsonBody = Type.Object(
  { ...documentFields, idempotencyKey: Type.Optional(IdempotencyKey) },
  ABOUT,
);

export const AipodSpecYamlBody = Type.Object(
  { yaml: Type.String({ minLength: 1 }), idempotencyKey: Type.Optional(IdempotencyKey) },
  closed,
);

/** Where a version came from: the API, or a file that was loaded at start-up. */
const AIPOD_SPEC_ORIGINS = ['api', 'dir'] as const;

const versionFields = {
  name: AipodSpecName,
  version: AipodSpecVersion,
  origin: Type.Enum(AIPOD_SPEC_ORIGINS),
  /** The operator that applied it; null for a file. */
  appliedBy: Nullable(Type.String()),
  /** SHA-256 of the document: of its content, not of its text. */
  contentHash: Type.String(),
  /** When this version was applied. */
  createdAt: Timestamp,
  valuesPrinted: ValuesPrinted,
};

/** One version of a spec, the document's own fields among it. */
export const AipodSpecRecord = Type.Object({
  ...documentFields,
  ...versionFields,
  /** The YAML text as it was applied, comments and all; null where it was JSON. */
  source: Nullable(Type.String()),
  /** When the spec was deleted; its versions can still be read by number. */
  deletedAt: Nullable(Timestamp),
});
export type AipodSpecRecord = Static<typeof AipodSpecRecord>;

export const AipodSpecSummary = Type.Object({
  ...versionFields,
  metadata: AipodMetadata,
  backendProfile: Nullable(Name),
});
export type AipodSpecSummary = Static<typeof AipodSpecSummary>;

/** What does not hinder, but will before a run can work. */
const Warning = Type.Object({ field: Type.String(), message: Type.String() });
export type AipodSpecWarning = Static<typeof Warning>;

const APPLY_ACTIONS = ['created', 'updated', 'unchanged'] as const;

export const AipodSpecApplied = Type.Object({
  ...AipodSpecRecord.properties,
  action: Type.Enum(APPLY_ACTIONS),
  /** True: nothing was written; `version` is the one that it would have. */
  dryRun: Type.Boolean(),
  warnings: Type.Array(Warning),
});
export type AipodSpecApplied = Static<typeof AipodSpecApplied>;

export const AipodSpecDeleted = Type.Object({
  action: Type.Literal('deleted'),
  name: AipodSpecName,
  version: AipodSpecVersion,
  valuesPrinted: ValuesPrinted,
});

/** What a caller adds to a spec, and says otherwise than it. Null takes away what the spec says. */
export const AipodInput = Type.Object(
  {
    ...shared,
    providerId: Type.Optional(Nullable(Name)),
    workspaceRef: Type.Optional(Nullable(WorkspaceRef)),
    image: Type.Optional(Nullable(RunnerImage)),
    resources: Type.Optional(Nullable(RunnerResources)),
    prompt: Type.Optional(Type.String({ minLength: 1 })),
    sessionRef: Type.Optional(SessionRef),
    notBefore: Type.Optional(Timestamp),
    idempotencyKey: Type.Optional(IdempotencyKey),
  },
  closed,
);
export type AipodInput = Static<typeof AipodInput>;

export const AipodRenderRequest = Type.Object(
  { input: Type.Optional(AipodInput), version: Type.Optional(AipodSpecVersion) },
  closed,
);
export type AipodRenderRequest = Static<typeof AipodRenderRequest>;

/** A body of `POST /api/v1/queue/tasks`. Its `runnerJob` and the run's settings are for the runs that its attempts start. */
const RenderedTask = Type.Object({
  queue: Type.Optional(Name),
  title: Type.Optional(Title),
  tenantId: Name,
  projectId: Name,
  backendProfile: Type.Optional(Name),
  providerId: Type.Optional(Nullable(Name)),
  prompt: Type.String(),
  sessionRef: Type.Optional(SessionRef),
  workspaceRef: Type.Optional(Nullable(WorkspaceRef)),
  executionPolicy: Type.Optional(Policy),
  retryPolicy: Type.Optional(Retry),
  priority: Type.Optional(Priority),
  notBefore: Type.Optional(Timestamp),
  autoDispatch: Type.Optional(Type.Boolean()),
  runnerJob: Type.Omit(RunnerJobCreate, ['idempotencyKey']),
  metadata: RunCreate.properties.metadata,
  idempotencyKey: Type.Optional(IdempotencyKey),
});

export const AipodRendered = Type.Object({
  spec: Type.Object({ name: AipodSpecName, version: AipodSpecVersion }),
  task: RenderedTask,
  run: RunCreate,
  /** What the run is then given, by `POST /api/v1/runs/{runId}/commands`. */
  command: Type.Object({
    type: Type.Literal('turn'),
    payload: Type.Object({ prompt: Type.String() }),
    idempotencyKey: Type.Optional(IdempotencyKey),
  }),
  /** To be sent with the command's id as `commandId`. */
  runnerJob: RunnerJobCreate,
  warnings: Type.Array(Warning),
  valuesPrinted: ValuesPrinted,
});
export type AipodRendered = Static<typeof AipodRendered>;
