import type { Attributes } from './tracing.js';

const MESSAGE_LENGTH = 300;

/** What operators search for; what else a payload holds is an agent's word and stays out of spans. */
const PAYLOAD_ATTRIBUTES = [
  'phase',
  'commandId',
  'commandType',
  'attemptId',
  'runnerId',
  'threadId',
  'turnId',
  'terminalStatus',
  'failureKind',
] as const;

/** Phases that have a span; of a name that ends with `*` all that begin so. */
const PHASES = [
  'cancel-requested',
  'turn-cancelled',
  'command-terminal',
  'runner-claim-*',
  'turn/interrupt:*',
  'steer-delivered',
  'attempt-lost',
];

export interface EventSpan {
  readonly name: string;
  readonly isError: boolean;
  readonly attributes: Attributes;
}

interface SpannedEvent {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The span of an event, by the name that operators search for; undefined for what an agent says and does. */
export function eventSpan(event: SpannedEvent): EventSpan | undefined {
  const name = nameOf(event);
  if (name === undefined) return undefined;
  const isBad = ['failed', 'blocked'].includes(text(event, 'terminalStatus') ?? '');
  return { name, isError: event.type === 'error' || isBad, attributes: attributesOf(event) };
}

/** Lower-case letters, digits and underscores. */
function normalised(part: string): string {
  return part
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

function nameOf(event: SpannedEvent): string | undefined {
  if (event.type === 'terminal_status') return named('runner_terminal', text(event, 'terminalStatus'));
  if (event.type === 'error') return named('runner_error', text(event, 'failureKind'));
  const phase = event.type === 'backend_status' ? text(event, 'phase') : undefined;
  const isTold = phase !== undefined && PHASES.some((one) => matches(one, phase));
  return isTold ? `runner_${normalised(phase)}` : undefined;
}

function named(name: string, part: string | undefined): string {
  const normal = normalised(part ?? '');
  return normal === '' ? name : `${name}.${normal}`;
}

function matches(pattern: string, phase: string): boolean {
  return pattern.endsWith('*') ? phase.startsWith(pattern.slice(0, -1)) : phase === pattern;
}

function attributesOf(event: SpannedEvent): Attributes {
  const { willRetry } = event.payload;
  return {
    eventType: event.type,
    ...Object.fromEntries(PAYLOAD_ATTRIBUTES.map((name) => [name, text(event, name)?.slice(0, MESSAGE_LENGTH)])),
    willRetry: typeof willRetry === 'boolean' ? willRetry : undefined,
    message: text(event, 'message')?.slice(0, MESSAGE_LENGTH),
  };
}

function text({ payload }: SpannedEvent, field: string): string | undefined {
  const value = payload[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
