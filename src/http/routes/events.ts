import { Type } from 'typebox';
import { RunId } from '../../contract/common.js';
import { EventAppend, EventBatch, EventPage, EventRecord } from '../../contract/event.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { requireRun } from '../../operations/access.js';
import { appendEvents } from '../../operations/runs/append-events.js';
import { pageOfEvents } from '../../operations/runs/page-of-events.js';
import { eventStream } from '../event-stream.js';
import { afterSeq, limit } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'events';
const params = { runId: RunId };

export const eventRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/runs/:runId/events',
    operationId: 'appendEvents',
    tag,
    summary: 'Append one event, or a batch',
    description:
      'A batch is appended whole or not at all. An event whose `clientSeq` its writer used before adds nothing and answers the event it made then. Writers who share an operator token each name a `producerId`, and number their events apart.',
    auth: 'any',
    params,
    body: Type.Union([EventBatch, EventAppend]),
    chooseBody: (body) => (isBatch(body) ? EventBatch : EventAppend),
    bodyExample: { events: [{ type: 'assistant_message', payload: { text: 'Done.' }, clientSeq: 1 }] },
    refusals: [409],
    quiet: true,
    answer: Type.Union([EventRecord, EventPage]),
    handle: ({ principal, params, body }, { operations }) => appendEvents(operations, principal, params.runId, body),
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/events',
    operationId: 'listEvents',
    tag,
    summary: "A run's events in order",
    description: 'A page of very large events may hold fewer than `limit`; only an empty one is the end.',
    auth: 'any',
    params,
    query: { afterSeq, limit: limit(100) },
    refusals: [409],
    answer: EventPage,
    handle: async ({ principal, params, query }, { operations }) => {
      await requireRun(operations, principal, params.runId);
      const { items } = await pageOfEvents(operations.events, { runId: params.runId, ...query });
      return { items };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/runs/:runId/events/stream',
    operationId: 'streamEvents',
    tag,
    summary: "A run's events as Server-Sent Events, live",
    description:
      'Each message is an event record, its `id:` the `seq`. `Last-Event-ID`, else `afterSeq`, says where to go on. ' +
      'After the last event of an ended run comes a message `event: end`.',
    auth: 'any',
    params,
    query: { afterSeq },
    refusals: [409],
    raw: {
      contentType: 'text/event-stream',
      schema: Type.String(),
      otherStatuses: { 204: 'A reconnect after the end: there is nothing more to come.' },
    },
    respond: async (ctx, { principal, params: { runId }, query, signal, traceId }, app) => {
      const run = await requireRun(app.operations, principal, runId);
      const resumed = ctx.get('last-event-id');
      const from = resumed === '' ? query.afterSeq : afterSeq.read(resumed, 'Last-Event-ID');
      if (resumed !== '' && isTerminalStatus(run.status) && (await app.operations.events.last(runId)).seq <= from) {
        ctx.status = 204;
        return;
      }
      ctx.status = 200;
      ctx.set({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
      ctx.type = 'text/event-stream; charset=utf-8';
      if (ctx.method === 'HEAD') return;
      ctx.body = eventStream(app, { principal, runId, afterSeq: from, traceId, signal: signal() });
    },
  }),
];

function isBatch(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'events' in body;
}
