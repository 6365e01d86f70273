import type { EventAppend, EventBatch, EventInput, EventRecord } from '../../contract/event.js';
import { AgentRunError, conflict, invalid } from '../../domain/errors.js';
import { EVENT_LIMITS } from '../../domain/event-types.js';
import type { Principal } from '../../domain/principal.js';
import type { Writer } from '../../domain/run-messages.js';
import { requireWritable } from '../access.js';
import type { OperationContext } from '../context.js';
import { writerOf } from './writer.js';

/**
 * Appends one event or a batch, all or nothing; a client sequence seen before adds nothing.
 * @throws schema-invalid for a payload over its limit, naming it; lease-lost; conflict when the run has ended, or when a
 *   client sequence seen before was that of an event of another type, naming it.
 */
export async function appendEvents(
  context: OperationContext,
  principal: Principal,
  runId: string,
  body: EventAppend | EventBatch,
): Promise<EventRecord | { items: EventRecord[] }> {
  await requireWritable(context, principal, runId);
  const writer = writerOf(principal, body);
  const batch = 'events' in body;
  const events = batch ? body.events : [eventOf(body)];
  events.forEach((event, index) => assertSize(event, batch ? `events[${index}].payload` : 'payload'));
  const fence = writer.attempt === undefined && writer.runnerId === undefined ? null : writer;
  const producer = producerOf(principal, writer, body.producerId);
  const request = { runId, fence, producer, events };
  const items = await context.events.append(request).catch((error: unknown) => {
    throw namingField(error, batch);
  });
  const [first] = items;
  if (batch || first === undefined) return { items };
  return first;
}

function eventOf(body: EventAppend): EventInput {
  return { type: body.type, payload: body.payload, clientSeq: body.clientSeq };
}

/** A runner numbers its events anew in each attempt; an operator's writers share one numbering unless they name theirs. */
function producerOf(principal: Principal, writer: Writer, producerId: string | undefined): string {
  const suffix = producerId === undefined ? '' : `:${producerId}`;
  if (writer.runnerId !== undefined) return `runner:${writer.runnerId}:${writer.attempt ?? ''}${suffix}`;
  return principal.kind === 'operator' ? `operator:${principal.name}${suffix}` : `runner:${principal.runnerId}`;
}

/** The store tells which of the events it could not take; the caller wants to know what that is in the body. */
function namingField(error: unknown, batch: boolean): unknown {
  if (!(error instanceof AgentRunError) || typeof error.details.index !== 'number') return error;
  const field = batch ? `events[${error.details.index}].clientSeq` : 'clientSeq';
  return conflict(`${field}: ${error.message}`, { ...error.details, field });
}

function assertSize(event: EventInput, field: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(event.payload));
  if (bytes <= EVENT_LIMITS.payloadBytes) return;
  const limit = EVENT_LIMITS.payloadBytes;
  throw invalid(field, `${field} must have at most ${limit} bytes, and has ${bytes}`, { limit, bytes });
}
