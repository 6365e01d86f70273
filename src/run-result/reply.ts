import type { EventRecord } from '../contract/event.js';
import { focusEvents, textField, type RunFacts } from './run-facts.js';

const OUTPUT_TAIL = 4_000;

/**
 * The last whole assistant text of the focused command; before there is one, what came of it so far. For a plain command, the
 * end of what it printed.
 */
export function replyOf(facts: RunFacts): string | null {
  const events = focusEvents(facts);
  const said = events.filter((event) => event.type === 'assistant_message' && textField(event, 'text'));
  const whole = said.findLast((event) => !isPiece(event)) ?? facts.earlier.message;
  return (whole && textField(whole, 'text')) ?? joinedPieces(said) ?? outputTail(events);
}

/** Of the message that was begun last. */
function joinedPieces(said: readonly EventRecord[]): string | null {
  const itemId = said.at(-1)?.payload.itemId;
  const pieces = said.filter((event) => event.payload.itemId === itemId);
  return pieces.length === 0 ? null : pieces.map((event) => textField(event, 'text')).join('');
}

function isPiece(event: EventRecord): boolean {
  return event.payload.status === 'in_progress';
}

/** Totals of the newest usage report; null when there was none. */
export function usageOf(facts: RunFacts): Record<string, unknown> | null {
  const event = focusEvents(facts).findLast(isUsage) ?? facts.earlier.usage;
  return event === undefined ? null : totalsOf(event);
}

function totalsOf({ payload }: EventRecord): Record<string, unknown> {
  const totals = payload.totals ?? payload.total ?? payload.usage;
  return isObject(totals) ? totals : payload;
}

/** Codex tells of a full context by a report that counts all tokens of the window, and none of them in or out. */
function isUsage(event: EventRecord): boolean {
  if (event.type !== 'token_usage') return false;
  const { totalTokens, inputTokens, outputTokens } = totalsOf(event);
  return !(Number(totalTokens) > 0 && inputTokens === 0 && outputTokens === 0);
}

/** What the focused command left behind, by reference to the event that holds it. */
export function artifactsOf(facts: RunFacts): Record<string, unknown>[] {
  const diff = focusEvents(facts).findLast((event) => event.type === 'diff');
  if (diff === undefined) return [];
  return [{ kind: 'diff', eventId: diff.id, sourceSeq: diff.seq, createdAt: diff.createdAt }];
}

function outputTail(events: readonly EventRecord[]): string | null {
  const printed = events.filter((event) => event.type === 'command_output' && event.payload.stream !== 'stderr');
  const parts: string[] = [];
  let length = 0;
  for (const event of printed.reverse()) {
    const text = textField(event, 'text') ?? '';
    parts.unshift(text);
    length += text.length;
    if (length >= OUTPUT_TAIL) break;
  }
  // A cut through a character would leave half of it at the front.
  const tail = parts
    .join('')
    .slice(-OUTPUT_TAIL)
    .replace(/^[\udc00-\udfff]/, '');
  return tail === '' ? null : tail;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
