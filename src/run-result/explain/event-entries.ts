import type { EventRecord } from '../../contract/event.js';
import type { TimelineEntry, TimelineKind } from '../../contract/explanation.js';
import { textField } from '../run-facts.js';
import { asClause } from '../words.js';
import { entriesFrom, type TellEntry } from './entry.js';

const QUOTE = 180;

/** Told better by the records. */
const LEFT_OUT = new Set(['command-terminal']);

interface Told {
  readonly kind: TimelineKind;
  readonly text: (event: EventRecord) => string;
  readonly isTrouble?: boolean;
}

const PHASES: Record<string, Told> = {
  'runner-claim-accepted': { kind: 'claim', text: (event) => `Runner ${word(event, 'runnerId')} claimed the run.` },
  'attempt-lost': { kind: 'loss', text: lossText, isTrouble: true },
  'cancel-requested': { kind: 'cancel', text: cancelText },
  'steer-delivered': { kind: 'steer', text: () => 'A steer was delivered into the live turn.' },
  'thread/started': { kind: 'agent', text: () => 'The agent began a thread.' },
  'thread/resumed': { kind: 'agent', text: () => 'The agent took up its thread again.' },
  'turn/started': { kind: 'agent', text: () => 'The agent began the turn.' },
  'turn/again': { kind: 'agent', text: quoted('The turn began again'), isTrouble: true },
  'turn/interrupt:requested': { kind: 'interrupt', text: () => 'The agent was asked to stop its turn.' },
  'turn/interrupt:done': { kind: 'interrupt', text: () => 'The agent stopped its turn.' },
  'turn-cancelled': { kind: 'cancel', text: () => 'The runner cancelled the turn.' },
  'workspace/preparing': { kind: 'agent', text: (event) => `The runner prepares its workspace${kindWords(event)}.` },
  'needs-input': { kind: 'agent', text: quoted('The agent needs input'), isTrouble: true },
  'approval-declined': { kind: 'agent', text: quoted('An approval was declined'), isTrouble: true },
  'provider/unreachable': { kind: 'agent', text: quoted('The model provider was not reached'), isTrouble: true },
  'agent/exited': { kind: 'agent', text: quoted('The agent’s process ended'), isTrouble: true },
  'storage-over-quota': { kind: 'agent', text: quoted('The volume holds more than it may'), isTrouble: true },
  'runner-log-tail': {
    kind: 'job',
    text: ({ seq }) => `The end of the runner’s log was kept, in event ${seq}.`,
    isTrouble: true,
  },
};

/** What the events tell of the run, as against what its agent said: no words of prompts or answers are among it. */
export function eventEntries(runId: string, story: readonly EventRecord[]): TimelineEntry[] {
  const tell = entriesFrom('events', runId);
  return story.flatMap((event) => entryOf(tell, event));
}

function entryOf(tell: TellEntry, event: EventRecord): TimelineEntry[] {
  const atMs = Date.parse(event.createdAt);
  const of = detailsOf(event);
  if (event.type === 'terminal_status')
    return [tell(atMs, 'end', endText(event), { ...of, isTrouble: isBadEnd(event) })];
  if (event.type === 'error') return [tell(atMs, 'agent', errorText(event), { ...of, isTrouble: true })];
  const phase = textField(event, 'phase');
  if (event.type !== 'backend_status' || phase === null || LEFT_OUT.has(phase)) return [];
  const told = Object.hasOwn(PHASES, phase) ? PHASES[phase] : undefined;
  if (told === undefined) return [tell(atMs, 'agent', otherText(event, phase), of)];
  return [tell(atMs, told.kind, told.text(event), { ...of, isTrouble: told.isTrouble ?? false })];
}

function detailsOf(event: EventRecord) {
  const { attempt } = event.payload;
  const commandId = textField(event, 'commandId');
  const runnerId = textField(event, 'runnerId');
  return {
    seq: event.seq,
    attempt: typeof attempt === 'number' && Number.isInteger(attempt) && attempt > 0 ? attempt : null,
    ...(commandId !== null && COMMAND_ID.test(commandId) && { commandId }),
    ...(runnerId !== null && { runnerId }),
  };
}

/** Events say what their writer wanted. */
const COMMAND_ID = /^cmd_[0-9a-z]{8,60}$/;

function lossText(event: EventRecord): string {
  const message = textField(event, 'message') ?? 'The attempt was lost.';
  return `${message} ${event.payload.willRetry === true ? 'Another attempt follows.' : 'No other attempt follows.'}`;
}

function cancelText(event: EventRecord): string {
  const of = textField(event, 'commandId');
  return `A cancel was asked for${of === null ? '' : ` of ${of}`}, and the runner told.`;
}

function endText(event: EventRecord): string {
  const kind = textField(event, 'failureKind');
  const status = textField(event, 'terminalStatus') ?? 'somehow';
  return `The run ended ${status}${kind === null || kind === status ? '' : ` with ${kind}`}.`;
}

function isBadEnd(event: EventRecord): boolean {
  return ['failed', 'blocked'].includes(textField(event, 'terminalStatus') ?? '');
}

function errorText(event: EventRecord): string {
  const words = textField(event, 'message') ?? textField(event, 'text') ?? textField(event, 'summary');
  const again = event.payload.willRetry === true ? ', and tries again' : '';
  return `The agent tells of an error${again}${words === null ? '' : `: ${asClause(words, QUOTE)}`}.`;
}

function otherText(event: EventRecord, phase: string): string {
  const words = textField(event, 'message');
  return `${phase}${words === null ? '' : `: ${asClause(words, QUOTE)}`}`;
}

function quoted(sentence: string): (event: EventRecord) => string {
  return (event) => {
    const words = textField(event, 'message') ?? textField(event, 'reason');
    return `${sentence}${words === null ? '' : `: ${asClause(words, QUOTE)}`}.`;
  };
}

function kindWords(event: EventRecord): string {
  const kind = textField(event, 'kind');
  return kind === null || kind === 'none' ? '' : ` (${kind})`;
}

function word(event: EventRecord, field: string): string {
  return textField(event, field) ?? 'of no name';
}
