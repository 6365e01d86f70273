import type { EventRecord } from '../contract/event.js';
import { focusEvents, textField, type RunFacts } from './run-facts.js';

const OUTPUT_TAIL = 4_000;

/** The last assistant text of the focused command; for a plain command, the end of what it printed. */
export function replyOf(facts: RunFacts): string | null {
  const events = focusEvents(facts);
  const message = events.findLast((event) => event.type === 'assistant_message' && textField(event, 'text'));
  const said = message ?? facts.earlier.message;
  return (said && textField(said, 'text')) ?? outputTail(events);
}

/** Totals of the newest usage report; null when there was none. */
export function usageOf(facts: RunFacts): Record<string, unknown> | null {
  const event = focusEvents(facts).findLast(({ type }) => type === 'token_usage') ?? facts.earlier.usage;
  if (event === undefined) return null;
  const report = event.payload;
  const totals = report.totals ?? report.total ?? report.usage;
  return isObject(totals) ? totals : report;
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
