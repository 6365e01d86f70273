import type { EventRecord } from '../contract/event.js';
import type { Activity } from '../contract/result.js';
import type { EventType } from '../domain/event-types.js';
import { elapsed, textField } from './run-facts.js';

const SUMMARY_LENGTH = 180;

const KINDS: Record<EventType, string> = {
  user_message: 'prompt',
  assistant_message: 'message',
  reasoning: 'reasoning',
  tool_call: 'tool',
  tool_output: 'tool',
  command_output: 'output',
  diff: 'edit',
  plan: 'plan',
  token_usage: 'usage',
  backend_status: 'status',
  error: 'error',
  terminal_status: 'terminal',
};

/** Which of an event's fields tells most of it to a person. */
const SUMMARY_FIELDS = ['summary', 'text', 'message', 'phase', 'toolName', 'terminalStatus', 'status'];

/** An event as someone watching would note it. */
export function activityOf(event: EventRecord, nowMs: number): Activity {
  return {
    sourceSeq: event.seq,
    eventId: event.id,
    activityKind: KINDS[event.type],
    type: event.type,
    status: textField(event, 'status') ?? textField(event, 'terminalStatus'),
    toolName: textField(event, 'toolName'),
    itemId: textField(event, 'itemId'),
    ageMs: elapsed(Date.parse(event.createdAt), nowMs),
    summary: summaryOf(event),
  };
}

function summaryOf(event: EventRecord): string {
  const texts = SUMMARY_FIELDS.map((field) => textField(event, field)?.trim());
  return cut(texts.find((text) => text) ?? event.type, SUMMARY_LENGTH);
}

/** One line of at most `length` UTF-16 units, never ending in half a character. */
export function cut(text: string, length: number): string {
  // The first part is enough: collapsing white space only shortens.
  const line = text
    .slice(0, length * 10)
    .replace(/\s+/g, ' ')
    .trim();
  if (line.length <= length) return line;
  return `${line.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
