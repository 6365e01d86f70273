import type { EventRecord } from '../contract/event.js';

/** What one event, or several in a row that print, say to a reader. `seq` is that of the last. */
export interface ReadItem {
  readonly runId: string;
  readonly seq: number;
  readonly type: string;
  readonly text: string;
}

/** An event in words; undefined for what says nothing to a reader: counts of tokens, and pieces of what comes whole later. */
export function eventText({ type, payload }: EventRecord): string | undefined {
  switch (type) {
    case 'user_message':
    case 'command_output':
    case 'tool_output':
      return textIn(payload, 'text');
    case 'assistant_message':
    case 'reasoning':
      return payload['status'] === 'in_progress' ? undefined : textIn(payload, 'text', 'summary');
    case 'tool_call':
      return toolCall(payload);
    case 'diff':
      return textIn(payload, 'diff', 'text', 'summary');
    case 'plan':
      return textIn(payload, 'text', 'summary', 'plan');
    case 'error':
      return textIn(payload, 'message', 'text');
    case 'backend_status':
    case 'terminal_status':
      return joined(payload, 'phase', 'commandType', 'terminalStatus', 'failureKind', 'message');
    case 'token_usage':
      return undefined;
  }
}

/** Events as a reader takes them in; what is printed in pieces is one item. */
export function readItems(events: readonly EventRecord[]): ReadItem[] {
  const items: ReadItem[] = [];
  for (const event of events) {
    const text = eventText(event);
    if (text === undefined || text === '') continue;
    const { runId, seq, type } = event;
    const before = items.at(-1);
    if (type === 'command_output' && before?.type === type && before.runId === runId) {
      items[items.length - 1] = { ...before, seq, text: before.text + text };
    } else items.push({ runId, seq, type, text });
  }
  return items;
}

/** How many of the events, from the first on, say no more than `maxChars` together; one at least. */
export function howManyFit(events: readonly EventRecord[], maxChars: number): number {
  let used = 0;
  for (const [index, event] of events.entries()) {
    used += eventText(event)?.length ?? 0;
    if (used > maxChars) return Math.max(index, 1);
  }
  return events.length;
}

type Payload = EventRecord['payload'];

function toolCall(payload: Payload): string {
  const { exitCode } = payload;
  const end = typeof exitCode === 'number' ? `exit ${exitCode}` : textIn(payload, 'status');
  const what = textIn(payload, 'summary', 'text', 'command');
  return [textIn(payload, 'toolName') ?? 'tool', what, end].filter((part) => part !== undefined).join(' · ');
}

function joined(payload: Payload, ...names: string[]): string {
  const parts = names.map((name) => payload[name]).filter((part) => typeof part === 'string' && part !== '');
  return parts.join(' · ');
}

function textIn(payload: Payload, ...names: string[]): string | undefined {
  const value = names.map((name) => payload[name]).find((found) => found !== undefined && found !== null);
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
