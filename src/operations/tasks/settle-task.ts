import { Value } from 'typebox/value';
import type { AipodInput } from '../../contract/aipod-spec.js';
import { RetryPolicy } from '../../contract/run.js';
import { TaskRetryPolicy, type TaskCreate } from '../../contract/task.js';
import { invalid } from '../../domain/errors.js';
import { newId } from '../../domain/new-id.js';
import { TASK_PRIORITY } from '../../domain/task-lifecycle.js';
import type { TaskDraft, TaskWork } from '../../ports/task-store.js';
import { findWorkableSpec } from '../aipod-specs/aipod-specs.js';
import { renderAipodSpec } from '../aipod-specs/render-aipod-spec.js';
import type { OperationContext } from '../context.js';
import { DEFAULT_BACKEND } from '../runs/open-run.js';
import { settlePolicy } from '../runs/settle-policy.js';

const DEFAULT_QUEUE = 'default';
/** No timer waits longer. */
const FARTHEST_MS = 10 * 366 * 86_400_000;

type SettlingContext = Pick<OperationContext, 'specs' | 'tasks' | 'defaultSandbox'>;

/** A body without an aipod: whatever its spec said is in it. */
interface SettledBody extends Omit<TaskCreate, 'aipod'> {
  readonly payload: NonNullable<TaskCreate['payload']>;
  readonly aipod: TaskDraft['aipod'];
}

/**
 * What a new task is, to its last default, from its body and the spec that this names. What changes later (the spec, the queue's
 * settings) does not change the task. @throws schema-invalid naming the field
 */
export async function settleTask(context: SettlingContext, body: TaskCreate, traceId: string): Promise<TaskDraft> {
  const settled = await withSpec(context, body);
  const queue = settled.queue ?? DEFAULT_QUEUE;
  const work = workOf(context, settled);
  const { tenantId, projectId, backendProfile = DEFAULT_BACKEND } = work.run;
  return {
    ...work,
    id: newId('task'),
    queue,
    title: settled.title ?? null,
    tenantId,
    projectId,
    backendProfile,
    priority: settled.priority ?? TASK_PRIORITY.default,
    autoDispatch: settled.autoDispatch ?? (await context.tasks.queue(queue)).autoDispatch,
    notBefore: notBeforeOf(settled.notBefore),
    retryPolicy: Value.Default(TaskRetryPolicy, { ...settled.retryPolicy }) as TaskRetryPolicy,
    budget: {
      maxTokens: settled.budget?.maxTokens ?? null,
      maxWallTimeMs: settled.budget?.maxWallTimeMs ?? null,
    },
    aipod: settled.aipod,
    traceId,
  };
}

async function withSpec(context: Pick<OperationContext, 'specs'>, body: TaskCreate): Promise<SettledBody> {
  const { aipod, ...own } = body;
  const payload = payloadOf(body);
  if (aipod === undefined) return { ...own, payload, aipod: null };
  const named = typeof aipod === 'string' ? { name: aipod } : aipod;
  const spec = await findWorkableSpec(context, named.name, named.version);
  if (spec === undefined) throw invalid('aipod', `there is no AipodSpec ${describe(named)}`, { aipod: named });
  const rendered = renderAipodSpec(spec, inputOf(body, payload.prompt), (field) =>
    field === 'env' ? 'runnerJob.env' : field,
  );
  const { prompt, ...task } = rendered.task;
  const runnerJob = { ...own.runnerJob, ...rendered.runnerJob };
  return { ...own, ...task, runnerJob, payload: { ...payload, prompt }, aipod: rendered.spec };
}

function payloadOf({ prompt, payload }: TaskCreate): SettledBody['payload'] {
  if (payload === undefined) {
    if (prompt === undefined) throw invalid('prompt', 'one of prompt and payload must be given');
    return { prompt };
  }
  if (prompt !== undefined) throw invalid('payload', 'payload must not be given together with prompt');
  return payload;
}

/** What of a task's body a spec is merged with. */
function inputOf(body: TaskCreate, prompt: string): AipodInput {
  const { tenantId, projectId, backendProfile, providerId, workspaceRef, title, queue, priority } = body;
  const { image, resources, env } = body.runnerJob ?? {};
  return {
    tenantId,
    projectId,
    backendProfile,
    providerId,
    workspaceRef,
    title,
    queue,
    priority,
    prompt,
    autoDispatch: body.autoDispatch,
    notBefore: body.notBefore,
    sessionRef: body.sessionRef ?? undefined,
    executionPolicy: body.executionPolicy ?? undefined,
    retryPolicy: body.retryPolicy,
    metadata: body.metadata,
    image,
    resources: resources,
    env,
  };
}

function workOf(context: SettlingContext, body: SettledBody): TaskWork {
  return {
    run: {
      tenantId: required('tenantId', body.tenantId),
      projectId: required('projectId', body.projectId),
      backendProfile: body.backendProfile ?? DEFAULT_BACKEND,
      providerId: body.providerId ?? null,
      sessionRef: body.sessionRef ?? null,
      workspaceRef: body.workspaceRef ?? { kind: 'none' },
      executionPolicy: settlePolicy(context, body.executionPolicy),
      retryPolicy: Value.Default(RetryPolicy, { ...body.runRetryPolicy }) as RetryPolicy,
      metadata: body.metadata ?? {},
    },
    payload: body.payload,
    runnerJob: body.runnerJob ?? {},
  };
}

function required(field: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw invalid(field, `${field} is required`);
}

function notBeforeOf(notBefore: string | undefined): string | null {
  if (notBefore === undefined) return null;
  const aheadMs = Date.parse(notBefore) - Date.now();
  if (!(aheadMs > 0)) throw invalid('notBefore', 'notBefore must be in the future');
  if (aheadMs > FARTHEST_MS) throw invalid('notBefore', 'notBefore must be within the next ten years');
  return new Date(notBefore).toISOString();
}

function describe({ name, version }: { name: string; version?: number }): string {
  return version === undefined ? name : `${name} version ${version}`;
}
