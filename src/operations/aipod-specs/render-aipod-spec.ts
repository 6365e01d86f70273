import type { AipodInput, AipodRendered, AipodSpecRecord, AipodTemplate } from '../../contract/aipod-spec.js';
import { RUNNER_ENV_LIMIT } from '../../contract/runner.js';
import { invalid } from '../../domain/errors.js';

type Rendered = Omit<AipodRendered, 'warnings'>;
type FieldOf = (field: 'tenantId' | 'projectId' | 'prompt' | 'env') => string;

/**
 * Merges a caller's input into a spec and answers the bodies that ask for that work: of a task, or of a run, its turn
 * and its runner Job. The input wins, field by field; policies, `env` and `metadata` are merged by their own fields;
 * null takes away what the spec says.
 * @throws schema-invalid for a tenant, project or prompt that neither has, or too large an environment; `fieldOf` says how the caller
 *   calls that field of the input.
 */
export function renderAipodSpec(
  { name, version, spec }: Pick<AipodSpecRecord, 'name' | 'version' | 'spec'>,
  input: AipodInput,
  fieldOf: FieldOf = (field) => `input.${field}`,
): Rendered {
  const prompt = promptOf(spec, input, fieldOf);
  const work = {
    ...workOf(spec, input, fieldOf),
    metadata: { ...spec.metadata, ...input.metadata, aipodSpec: { name, version } },
  };
  const retryPolicy = merged(spec.retryPolicy, input.retryPolicy);
  const runnerJob = runnerJobOf(spec, input, fieldOf);
  const { idempotencyKey, notBefore } = input;
  const { title, queue, priority, autoDispatch } = { ...spec, ...given(input) };
  const endsWithTurn = input.endsWithTurn ?? spec.endsWithTurn ?? true;
  return {
    spec: { name, version },
    task: given({
      queue,
      title,
      ...work,
      prompt,
      retryPolicy,
      priority,
      notBefore,
      autoDispatch,
      runnerJob,
      idempotencyKey,
    }),
    run: given({ ...work, retryPolicy, endsWithTurn, idempotencyKey }),
    command: given({ type: 'turn' as const, payload: { prompt }, idempotencyKey }),
    runnerJob,
    valuesPrinted: false,
  };
}

/** What a task and a run are told alike. */
function workOf(spec: AipodTemplate, input: AipodInput, fieldOf: FieldOf) {
  return given({
    tenantId: required(fieldOf('tenantId'), input.tenantId ?? spec.tenantId),
    projectId: required(fieldOf('projectId'), input.projectId ?? spec.projectId),
    backendProfile: input.backendProfile ?? spec.backendProfile,
    providerId: unlessNull(input.providerId, spec.providerId),
    sessionRef: input.sessionRef,
    workspaceRef: unlessNull(input.workspaceRef, spec.workspaceRef),
    executionPolicy: executionPolicyOf(spec, input),
  });
}

function promptOf({ promptPreamble }: AipodTemplate, input: AipodInput, fieldOf: FieldOf): string {
  const prompt = required(fieldOf('prompt'), input.prompt);
  return promptPreamble === undefined ? prompt : `${promptPreamble}\n\n${prompt}`;
}

/** Tool credentials are a part of the secret scope that has a short form. */
function executionPolicyOf(spec: AipodTemplate, input: AipodInput): AipodTemplate['executionPolicy'] {
  const policy = merged(spec.executionPolicy, input.executionPolicy);
  const secretScope = merged(secretScopeOf(spec), secretScopeOf(input));
  return secretScope === undefined ? policy : { ...policy, secretScope };
}

function secretScopeOf({
  executionPolicy,
  toolCredentials,
}: Pick<AipodTemplate, 'executionPolicy' | 'toolCredentials'>) {
  return merged(executionPolicy?.secretScope, toolCredentials && { toolCredentials });
}

function runnerJobOf(spec: AipodTemplate, input: AipodInput, fieldOf: FieldOf): Rendered['runnerJob'] {
  const env = merged(spec.env, input.env);
  if (Object.keys(env ?? {}).length > RUNNER_ENV_LIMIT) {
    const field = fieldOf('env');
    throw invalid(field, `${field} has, with the spec's, more than ${RUNNER_ENV_LIMIT} variables`);
  }
  const image = unlessNull(input.image, spec.image);
  return given({ image, resources: unlessNull(input.resources, spec.resources), env });
}

function required(field: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw invalid(field, `${field} is required: the spec does not say it`);
}

/** Null in the input takes the spec's value away; the API's own default holds then. */
function unlessNull<T>(input: T | null | undefined, spec: T | undefined): T | undefined {
  return input === null ? undefined : (input ?? spec);
}

function merged<T extends object>(base: T | undefined, over: T | undefined): T | undefined {
  return base === undefined && over === undefined ? undefined : ({ ...base, ...over } as T);
}

/** Without the fields that nobody gave: the bodies say nothing of them. */
function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
