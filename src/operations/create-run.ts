import { Value } from 'typebox/value';
import { ExecutionPolicy, RetryPolicy, type RunCreate, type RunRecord } from '../contract/run.js';
import type { AgentRunError } from '../domain/errors.js';
import { conflict, forbidden, invalid } from '../domain/errors.js';
import { runWorkflowId } from '../domain/ids.js';
import { newId } from '../domain/new-id.js';
import { seesTenant, type Principal } from '../domain/principal.js';
import type { RunInput } from '../domain/run-messages.js';
import type { Reservation, RunDraft } from '../ports/run-store.js';
import { bodyHash } from './body-hash.js';
import type { OperationContext } from './context.js';
import { assertNoCredentials } from './repo-url.js';
import { runPolicy } from './run-limits.js';
import { answered } from './run-refusals.js';
import { toRun } from './to-run.js';

const ROUTE = 'POST /api/v1/runs';

/**
 * Makes a run, or answers the one that an earlier request with the same key made.
 * The draft comes first, so that a crash at any point leaves ids with which a repeat goes on.
 * @throws schema-invalid for an unknown backend, or a secret in `workspaceRef.repoUrl`; conflict with `activeRunId` when the session has a live run; idempotency-conflict.
 */
export async function createRun(
  context: OperationContext,
  principal: Principal,
  body: RunCreate,
  traceId: string,
): Promise<RunRecord> {
  if (!seesTenant(principal, body.tenantId)) {
    throw forbidden('this token does not reach that tenant', { field: 'tenantId' });
  }
  if (body.workspaceRef?.repoUrl !== undefined) assertNoCredentials(body.workspaceRef.repoUrl);
  const draft = draftOf(body, traceId);
  await assertBackendKnown(context, draft.backendProfile);
  const drafted = await context.runs.draftRun(draft, reservationOf(body));
  if (!drafted.opened) await openRun(context, withId(draft, drafted.id), body.endsWithTurn ?? false);
  return openedRun(context, drafted.id);
}

/** Fills the defaults of the schema; the run's id and its address derive from each other. */
function draftOf(body: RunCreate, traceId: string): RunDraft {
  const draft = {
    tenantId: body.tenantId,
    projectId: body.projectId,
    providerId: body.providerId ?? null,
    backendProfile: body.backendProfile ?? 'codex',
    sessionRef: body.sessionRef ?? null,
    workspaceRef: body.workspaceRef ?? { kind: 'none' as const },
    executionPolicy: Value.Default(ExecutionPolicy, { ...body.executionPolicy }) as ExecutionPolicy,
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

function reservationOf(body: RunCreate): Reservation | undefined {
  if (body.idempotencyKey === undefined) return undefined;
  return { tenantId: body.tenantId, route: ROUTE, key: body.idempotencyKey, bodyHash: bodyHash(body) };
}

async function assertBackendKnown(context: OperationContext, name: string): Promise<void> {
  if (await context.backends.get(name)) return;
  const known = (await context.backends.list()).map((backend) => backend.name);
  throw invalid('backendProfile', `backendProfile must be one of ${known.join(', ')}`, { allowed: known });
}

async function openRun(context: OperationContext, draft: RunDraft, endsWithTurn: boolean): Promise<void> {
  const input = inputOf(draft, context, endsWithTurn);
  const refusal = (await sessionRefusal(context, draft)) ?? (await openOrRefuse(context, draft, input));
  if (refusal === undefined) return;
  await context.runs.dropRunDraft(draft.id);
  // Dropping leaves an opened run alone: another request with the same key may have opened it meanwhile.
  if ((await context.runs.getRun(draft.id, [draft.tenantId])) === undefined) throw refusal;
}

/** A session belongs to the tenant of its runs: to any other, its id is taken, and nothing more is said. */
async function sessionRefusal(context: OperationContext, draft: RunDraft): Promise<AgentRunError | undefined> {
  const sessionId = draft.sessionRef?.sessionId;
  if (sessionId === undefined) return undefined;
  const { items } = await context.runs.listRuns({ tenants: 'all', sessionId, limit: 1 });
  const taken = items.some((run) => run.tenantId !== draft.tenantId);
  return taken ? sessionTaken(sessionId) : undefined;
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

function inputOf(draft: RunDraft, context: OperationContext, endsWithTurn: boolean): RunInput {
  return {
    runId: draft.id,
    tenantId: draft.tenantId,
    projectId: draft.projectId,
    sessionId: draft.sessionRef?.sessionId ?? null,
    backendProfile: draft.backendProfile,
    policy: runPolicy(draft.executionPolicy, draft.retryPolicy, context.limits),
    endsWithTurn,
    continueAsNewAtEvents: context.continueAsNewAtEvents,
  };
}

async function openedRun(context: OperationContext, runId: string): Promise<RunRecord> {
  const run = await context.runs.getRun(runId, 'all');
  if (run === undefined) throw new Error(`run ${runId} was opened but not projected`);
  return run;
}
