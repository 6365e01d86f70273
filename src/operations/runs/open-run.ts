import { Value } from 'typebox/value';
import { RetryPolicy, type RunCreate, type RunRecord } from '../../contract/run.js';
import type { RunnerJobCreate } from '../../contract/runner.js';
import type { AgentRunError } from '../../domain/errors.js';
import { conflict, forbidden, invalid } from '../../domain/errors.js';
import { firstCommandId, runWorkflowId } from '../../domain/ids.js';
import { newId } from '../../domain/new-id.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import type { RunInput, RunOpening } from '../../domain/run-messages.js';
import type { Reservation } from '../../ports/reservation.js';
import type { OpeningDraft, RunDraft } from '../../ports/run-store.js';
import type { OperationContext } from '../context.js';
import { assertMayClone, assertNoCredentials } from './repo-url.js';
import { runPolicy } from './run-limits.js';
import { answered } from './run-refusals.js';
import { runnerJobRequest } from './runner-job-request.js';
import { settlePolicy } from './settle-policy.js';
import { toRun } from './to-run.js';

export const DEFAULT_BACKEND = 'codex';

export interface NewRun {
  readonly body: RunCreate;
  readonly traceId: string;
  readonly reservation?: Reservation;
  readonly opening?: Opening;
  /** It was allowed when it was asked for first: a repeat is not refused for what has changed since. */
  readonly allowed?: boolean;
}

/** What a run has to do from its first moment: a turn, and a runner Job for it unless null. */
export interface Opening {
  /** `taskId`: the task that is told of its end. */
  readonly turn: { readonly payload: Readonly<Record<string, unknown>>; readonly taskId?: string };
  readonly runnerJob: Omit<RunnerJobCreate, 'commandId'> | null;
}

/**
 * Makes a run, or answers the one that an earlier request with the same reservation made. The draft comes first, and every
 * id follows from the run's, so that a crash at any point leaves what a repeat goes on with. What a run is opened with its workflow
 * learns as it starts: either there is no run, or it is one that does it.
 * @throws forbidden for a tenant that the principal does not reach; schema-invalid for an unknown backend, or a `workspaceRef.repoUrl`
 *   that holds a secret or may not be had; conflict with `activeRunId` when the session has a live run; idempotency-conflict.
 */
export async function makeRun(context: OperationContext, principal: Principal, request: NewRun): Promise<RunRecord> {
  const { body, reservation, opening } = request;
  if (request.allowed !== true) await assertMayMake(context, principal, body);
  const draft = draftOf(context, body, request.traceId);
  const drafted = await context.runs.draftRun(draft, reservation, opening && openingDraft(context, draft.id, opening));
  const run = withId(draft, drafted.id);
  if (!drafted.opened) await openRun(context, run, inputOf(run, context, request));
  return openedRun(context, drafted.id);
}

/** @throws forbidden, schema-invalid, as `makeRun` does; nothing is written yet. */
export async function assertMayMake(context: OperationContext, principal: Principal, body: RunCreate): Promise<void> {
  await assertMayAsk(context, principal, body);
  assertMayClone(context, body);
}

/** All but whether its repository may be cloned, which is no matter where a live run has it already. @throws forbidden, schema-invalid */
export async function assertMayAsk(context: OperationContext, principal: Principal, body: RunCreate): Promise<void> {
  if (!seesTenant(principal, body.tenantId)) {
    throw forbidden('this token does not reach that tenant', { field: 'tenantId' });
  }
  if (body.workspaceRef?.repoUrl !== undefined) assertNoCredentials(body.workspaceRef.repoUrl);
  await assertBackendKnown(context, body.backendProfile ?? DEFAULT_BACKEND);
}

function openingDraft(context: OperationContext, runId: string, { turn, runnerJob }: Opening): OpeningDraft {
  const commandId = firstCommandId(runId);
  const job = runnerJob && runnerJobRequest(context.platform, { runId, attempt: 1 }, { ...runnerJob, commandId });
  return { turn: { id: commandId, payload: turn.payload }, runnerJob: job };
}

/** Fills the defaults; the run's id and its address derive from each other. */
export function draftOf(context: Pick<OperationContext, 'defaultSandbox'>, body: RunCreate, traceId: string): RunDraft {
  const draft = {
    tenantId: body.tenantId,
    projectId: body.projectId,
    providerId: body.providerId ?? null,
    backendProfile: body.backendProfile ?? DEFAULT_BACKEND,
    sessionRef: body.sessionRef ?? null,
    workspaceRef: body.workspaceRef ?? { kind: 'none' as const },
    executionPolicy: settlePolicy(context, body.executionPolicy),
    retryPolicy: Value.Default(RetryPolicy, { ...body.retryPolicy }) as RetryPolicy,
    metadata: body.metadata ?? {},
    traceId,
  };
  return withId(draft, newId('run'));
}

function withId(draft: Omit<RunDraft, 'id' | 'workflowId'>, id: string): RunDraft {
  const workflowId = runWorkflowId({ runId: id, sessionId: draft.sessionRef?.sessionId ?? null });
  return { ...draft, id, workflowId };
}

/** @throws schema-invalid naming the backends that there are. */
export async function assertBackendKnown(context: OperationContext, name: string): Promise<void> {
  if ((await context.backends.kindOf(name)) !== undefined) return;
  const known = (await context.backends.list()).map((backend) => backend.name);
  throw invalid('backendProfile', `backendProfile must be one of ${known.join(', ')}`, { allowed: known });
}

async function openRun(context: OperationContext, draft: RunDraft, input: RunInput): Promise<void> {
  const refusal = await orLeave(context, draft, () => openOrRefuse(context, draft, input));
  if (refusal === undefined) return;
  await context.runs.dropRunDraft(draft.id);
  // Dropping leaves an opened run alone: another request with the same key may have opened it meanwhile.
  if ((await context.runs.getRun(draft.id, [draft.tenantId])) === undefined) throw refusal;
}

/** Opens a draft; where no answer comes nobody knows whether it was, and it is left. */
export async function orLeave<T>(context: OperationContext, draft: RunDraft, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    // Should this fail too, the draft is given up in time.
    await context.runs.leaveRunDraft(draft.id).catch(() => undefined);
    throw error;
  }
}

async function openOrRefuse(
  context: OperationContext,
  draft: RunDraft,
  input: RunInput,
): Promise<AgentRunError | undefined> {
  const opening = toRun(context, draft, (gateway, address) => gateway.openRun(address, input));
  const answer = await answered(draft.id, opening);
  if (answer.opened || answer.activeRunId === draft.id) return undefined;
  const active = await context.runs.getRun(answer.activeRunId, [draft.tenantId]);
  if (active === undefined) return sessionTaken(draft.sessionRef?.sessionId);
  const details = { field: 'sessionRef.sessionId', activeRunId: active.id, sessionId: draft.sessionRef?.sessionId };
  return conflict(`the session has a live run, ${active.id}`, details);
}

function sessionTaken(sessionId: string | undefined): AgentRunError {
  return conflict('sessionRef.sessionId is taken', { field: 'sessionRef.sessionId', sessionId });
}

/** What its workflow starts with. */
export function inputOf(
  draft: RunDraft,
  context: OperationContext,
  { body, opening, startedFor }: Pick<NewRun, 'body' | 'opening'> & { readonly startedFor?: string },
): RunInput {
  return {
    runId: draft.id,
    tenantId: draft.tenantId,
    projectId: draft.projectId,
    sessionId: draft.sessionRef?.sessionId ?? null,
    backendProfile: draft.backendProfile,
    ...(draft.providerId !== null && { providerId: draft.providerId }),
    policy: runPolicy(draft.executionPolicy, draft.retryPolicy, context.limits),
    endsWithTurn: body.endsWithTurn ?? false,
    ...(opening && { opening: openingOf(draft, opening) }),
    ...(startedFor !== undefined && { startedFor }),
    continueAsNewAtEvents: context.continueAsNewAtEvents,
  };
}

function openingOf({ id }: RunDraft, { turn: { taskId }, runnerJob }: Opening): RunOpening {
  const turn = { commandId: firstCommandId(id), ...(taskId !== undefined && { taskId }) };
  return { turn, runnerJob: runnerJob !== null };
}

async function openedRun(context: OperationContext, runId: string): Promise<RunRecord> {
  const run = await context.runs.getRun(runId, 'all');
  if (run === undefined) throw new Error(`run ${runId} was opened but not projected`);
  return run;
}
