import { Type } from 'typebox';
import { Name, Nullable, Page, RunId, SessionId } from '../../contract/common.js';
import { EventRecord } from '../../contract/event.js';
import { SessionExplanation } from '../../contract/explanation.js';
import {
  DEFAULT_READER,
  ReaderId,
  SessionControl,
  SessionControlled,
  SessionCreate,
  SessionCreated,
  SessionRead,
  SessionRecord,
  SessionSummary,
} from '../../contract/session.js';
import { SessionSend, SessionSendAnswer } from '../../contract/session-send.js';
import { SESSION_FILTER_STATES } from '../../domain/session-state.js';
import { tenantScope } from '../../operations/access.js';
import { controlSession, readSession, unreadSession } from '../../operations/sessions/control-session.js';
import { createSession } from '../../operations/sessions/create-session.js';
import { explainSession } from '../../operations/sessions/explain-session.js';
import { sessionSummary } from '../../operations/sessions/read-session.js';
import { sendToSession } from '../../operations/sessions/send.js';
import { sessionTraceBackward } from '../../operations/sessions/session-events-backward.js';
import { sessionOutput, sessionTrace } from '../../operations/sessions/session-events.js';
import { afterSeq, cursor, limit, textField, wordField } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'sessions';
const params = { sessionId: SessionId };
const readerId = textField(ReaderId, 'Whose unread marks count; `cli` when absent.');

const SessionEventPage = Type.Object({
  items: Type.Array(EventRecord),
  runId: Nullable(RunId),
  lastSeq: Type.Integer({ minimum: 0 }),
  cursor: Nullable(Type.String()),
  nextCursor: Type.Optional(Type.String()),
});

const eventQuery = {
  afterSeq,
  limit: limit(100),
  runId: textField(RunId, 'Only of this run.'),
  cursor,
};

const PAGING =
  'Over all runs of the session from the first one, going on by `cursor` (always answered, so that a poll can go on where the last one ' +
  'ended). `afterSeq` belongs to `runId`, or to the latest run where no run is named.';

export const sessionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/sessions',
    operationId: 'createSession',
    tag,
    summary: 'Make a session with its storage',
    description:
      'Asking again for one that is there answers `session-exists`, or makes its volume anew where that was lost. A repeat with the same ' +
      '`idempotencyKey` answers the first action again.',
    auth: 'operator',
    body: SessionCreate,
    bodyExample: { sessionId: 'review-1', tenantId: 'acme', projectId: 'website', backendProfile: 'codex' },
    refusals: [409],
    answer: SessionCreated,
    handle: ({ principal, body }, { operations }) => createSession(operations, principal, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sessions',
    operationId: 'listSessions',
    tag,
    summary: 'List sessions, newest activity first',
    auth: 'operator',
    query: {
      limit: limit(50),
      state: wordField(SESSION_FILTER_STATES, 'Sessions in this state.'),
      backendProfile: textField(Name, 'Sessions of this backend profile.'),
      profile: textField(Name, 'Short for `backendProfile`.'),
      readerId,
      cursor,
    },
    answer: Page(SessionRecord),
    handle: ({ principal, query }, { operations }) =>
      operations.sessions.list({
        tenants: tenantScope(principal),
        state: query.state,
        backendProfile: query.backendProfile ?? query.profile,
        readerId: query.readerId ?? DEFAULT_READER,
        limit: query.limit,
        cursor: query.cursor,
      }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sessions/:sessionId',
    operationId: 'getSession',
    tag,
    summary: 'A session, and how its active run, or its last one, stands',
    auth: 'operator',
    params,
    query: { readerId },
    answer: SessionSummary,
    handle: ({ principal, params, query }, { operations }) =>
      sessionSummary(operations, principal, params.sessionId, query.readerId ?? DEFAULT_READER),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sessions/:sessionId/trace',
    operationId: 'traceSession',
    tag,
    summary: 'All events of a session across its runs',
    description: `${PAGING} \`direction=backward\` begins with the newest events and goes back by \`nextCursor\` (\`runId\` and \`afterSeq\` do not apply); in a page the oldest stands first all the same.`,
    auth: 'operator',
    params,
    query: {
      ...eventQuery,
      direction: wordField(['forward', 'backward'], 'Where the pages lead; `forward` when absent.'),
    },
    answer: SessionEventPage,
    handle: ({ principal, params, query: { direction, ...query } }, { operations }) =>
      direction === 'backward'
        ? sessionTraceBackward(operations, principal, { ...params, ...query })
        : sessionTrace(operations, principal, { ...params, ...query }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sessions/:sessionId/output',
    operationId: 'readSessionOutput',
    tag,
    summary: 'What a person reads of a session: what was said and printed',
    description: `${PAGING} A page may hold fewer than \`limit\`.`,
    auth: 'operator',
    params,
    query: eventQuery,
    answer: SessionEventPage,
    handle: ({ principal, params, query }, { operations }) =>
      sessionOutput(operations, principal, { ...params, ...query }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/sessions/:sessionId/send',
    operationId: 'sendToSession',
    tag,
    summary: 'Say something to a session: steer its turn, go on with its run, or begin a new one',
    description:
      'The server decides, from durable state. A turn that runs is steered; a live run between turns takes a further turn; otherwise a ' +
      'new run begins, from `run`, and what that leaves out is as in the last one. An unknown session is made. `dryRun` writes nothing.',
    auth: 'operator',
    params,
    body: SessionSend,
    bodyExample: { prompt: 'Now add a test.', run: { tenantId: 'acme', projectId: 'website' }, idempotencyKey: 'm-1' },
    refusals: [409, 429],
    answer: SessionSendAnswer,
    handle: ({ principal, params, body, traceId }, { operations }) =>
      sendToSession(operations, principal, { sessionId: params.sessionId, body, traceId }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/sessions/:sessionId/read',
    operationId: 'markSessionRead',
    tag,
    summary: 'Mark all that there is now as read by a reader, or, with `unread`, the last of it as not',
    auth: 'operator',
    params,
    body: SessionRead,
    answer: SessionControlled,
    handle: ({ principal, params, body }, { operations }) =>
      (body.unread === true ? unreadSession : readSession)(operations, principal, params.sessionId, body.readerId),
  }),
  route({
    method: 'POST',
    path: '/api/v1/sessions/:sessionId/control',
    operationId: 'controlSession',
    tag,
    summary: 'Mark a session read, or cancel what it works on',
    auth: 'operator',
    params,
    body: SessionControl,
    bodyExample: { action: 'cancel', reason: 'no longer wanted' },
    refusals: [409],
    answer: SessionControlled,
    handle: ({ principal, params, body }, { operations }) =>
      controlSession(operations, principal, params.sessionId, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sessions/:sessionId/explain',
    operationId: 'explainSession',
    tag,
    summary: 'Why a session is where it is: its runs, the one that counts in full, and what to do next',
    description: 'One timeline, made as that of a run is: see `/runs/{runId}/explain`.',
    auth: 'operator',
    params,
    answer: SessionExplanation,
    handle: ({ principal, params }, { operations }) => explainSession(operations, principal, params.sessionId),
  }),
];
