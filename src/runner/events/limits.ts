import { EVENT_LIMITS } from '../../domain/event-types.js';
import type { AgentEvent } from '../backends/backend.js';
import { cut, storable, wholeLength } from '../text.js';

/** An event ready to send, and the UTF-8 bytes of its payload's JSON. */
export interface SizedEvent extends AgentEvent {
  readonly bytes: number;
}

/** A character of a JSON string takes at most 6 bytes (`\u0007`). */
const WORST_BYTES_PER_CHARACTER = 6;

/**
 * Makes events that the manager will take: text too long becomes several events in a row, any other field too long is
 * cut and the event says `truncated: true`; characters that no database text can hold are replaced.
 */
export function withinLimits(event: AgentEvent, limit: number = EVENT_LIMITS.payloadBytes): SizedEvent[] {
  const payload = asStorable(event.payload);
  const bytes = sizeOf(payload);
  if (bytes <= limit) return [{ ...event, payload, bytes }];
  const { text, ...rest } = payload;
  const roomForText = limit - sizeOf({ ...rest, text: '' });
  if (typeof text === 'string' && roomForText >= limit / 2) {
    return piecesOf(text, roomForText).flatMap((piece) =>
      withinLimits({ ...event, payload: { ...rest, text: piece } }),
    );
  }
  return withinLimits({ ...event, payload: shrunk(payload, bytes - limit) }, limit);
}

function piecesOf(text: string, room: number): string[] {
  const pieces: string[] = [];
  for (let rest = text; rest !== '';) {
    const piece = cut(rest, fittingLength(rest, room));
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return pieces;
}

/** How many characters from the start fit into `room` bytes of JSON: as many as possible within a factor of two. */
function fittingLength(text: string, room: number): number {
  const surely = Math.floor(room / WORST_BYTES_PER_CHARACTER);
  let length = Math.min(text.length, room);
  while (length > surely && sizeOf(text.slice(0, length)) - 2 > room) length = Math.ceil(length / 2);
  return Math.max(1, wholeLength(text, length));
}

/** Cuts the longest field by what is too much; text where it is text, else its JSON. */
function shrunk(payload: Record<string, unknown>, excess: number): Record<string, unknown> {
  const fields = Object.entries(payload).filter(([name]) => name !== 'truncated');
  const [name, value] = fields.reduce((a, b) => (sizeOf(b[1]) > sizeOf(a[1]) ? b : a));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const kept = Math.max(0, Math.floor(text.length - excess - 64));
  return {
    ...payload,
    [name]: cut(text, kept < text.length / 2 ? kept : Math.floor(text.length / 2)),
    truncated: true,
  };
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

/** JSON shows both kinds of such characters as escapes, so that one look at it spares most payloads the walk. */
function asStorable(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (!/\\u(0000|d[89a-f])/i.test(JSON.stringify(payload))) return payload;
  const clean = (_name: string, value: unknown) => (typeof value === 'string' ? storable(value) : value);
  return JSON.parse(JSON.stringify(payload, clean)) as Record<string, unknown>;
}
