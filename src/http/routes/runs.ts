import { CommandId, Name, Page, RunId, SessionId } from '../../contract/common.js';
import { RunExplanation } from '../../contract/explanation.js';
import { RunResult } from '../../contract/result.js';
import { CancelRequest, RunCreate, RunFinish, RunRecord } from '../../contract/run.js';
import { RUN_STATUSES } from '../../domain/run-lifecycle.js';
import { requireRun, tenantScope } from '../../operations/access.js';
import { createRun } from '../../operations/runs/create-run.js';
import { cancelRun, finishRun } from '../../operations/runs/end-run.js';
import { explainRun } from '../../operations/runs/explain-run.js';
import { runResult } from '../../operations/runs/run-result.js';
import { cursor, limit, textField, wordField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'runs';
const params = { runId: RunId };

export const runRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/runs',
    operationId: 'createRun',
    tag,
    summary: 'Make a run',
    description:
      'The run waits until a runner claims it. Where its session has a live run already: 409 with `details.activeRunId`.',
    auth: 'operator',
    body: RunCreate,
    bodyExample: {
      tenantId: 'acme',
      projectId: 'website',
      backendProfile: 'exec',
      workspaceRef: { kind: 'git', repoUrl: 'https://git.example.com/acme/website.git', ref: 'main' },
      idempotencyKey: 'nightly-2025-06-01',
    },
    refusals: [409],
    answer: RunRecord,
    handle: ({ principal, body, traceId }, { operations }) => createRun(operations, principal, body, traceId),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs',
    operationId: 'listRuns',
    tag,
    summary: 'List runs, newest first',
    auth: 'operator',
    query: {
      status: wordField(RUN_STATUSES, 'Runs of this status.'),
      sessionId: textField(SessionId, 'Runs of this session.'),
      session: textField(SessionId, 'Short for `sessionId`.'),
      tenantId: textField(Name, 'Runs of this tenant.'),
      tenant: textField(Name, 'Short for `tenantId`.'),
      limit: limit(50),
      cursor,
    },
    answer: Page(RunRecord),
    handle: ({ principal, query }, { operations }) =>
      operations.runs.listRuns({
        tenants: tenantScope(principal),
        tenantId: query.tenantId ?? query.tenant,
        sessionId: query.sessionId ?? query.session,
        status: query.status,
        limit: query.limit,
        cursor: query.cursor,
      }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId',
    operationId: 'getRun',
    tag,
    summary: 'A run as it stands',
    auth: 'any',
    params,
    refusals: [409],
    answer: RunRecord,
    handle: ({ principal, params }, { operations }) => requireRun(operations, principal, params.runId),
  }),
  route({
    method: 'PATCH',
    path: '/api/v1/runs/:runId/status',
    operationId: 'finishRun',
    tag,
    summary: 'End a run',
    description:
      'The first terminal word wins and repeating is harmless. 409 when a command newer than `lastCommandSeq` came in, or the writer no longer holds the attempt.',
    auth: 'any',
    params,
    body: RunFinish,
    bodyExample: { terminalStatus: 'completed', lastCommandSeq: 3 },
    refusals: [409],
    answer: RunRecord,
    handle: ({ principal, params, body }, { operations }) => finishRun(operations, principal, params.runId, body),
  }),
  route({
    method: 'POST',
    path: '/api/v1/runs/:runId/cancel',
    operationId: 'cancelRun',
    tag,
    summary: 'Ask for the end of a run',
    description: 'Ends at once where no runner lives; otherwise its runner is told first.',
    auth: 'operator',
    params,
    body: CancelRequest,
    answer: RunRecord,
    handle: ({ principal, params, body }, { operations }) => cancelRun(operations, principal, params.runId, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/result',
    operationId: 'getRunResult',
    tag,
    summary: 'What came of a run, or of one of its commands, and what to do next',
    auth: 'any',
    params,
    query: { commandId: textField(CommandId, 'The command that the result is asked for.') },
    refusals: [409],
    answer: RunResult,
    handle: ({ principal, params, query }, { operations }) =>
      runResult(operations, principal, params.runId, query.commandId),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/explain',
    operationId: 'explainRun',
    tag,
    summary: 'Why a run is where it is: all that happened to it, what that comes to, and what to do next',
    description:
      'One timeline from the records, the events and the history in Temporal. It holds no prompt and no output. Where Temporal does not ' +
      'answer in time, or no longer has the history, `sources` says so and the rest is told from PostgreSQL alone.',
    auth: 'operator',
    params,
    answer: RunExplanation,
    handle: ({ principal, params }, { operations }) => explainRun(operations, principal, params.runId),
  }),
];
