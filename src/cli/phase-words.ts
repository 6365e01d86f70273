import type { EventRecord } from '../contract/event.js';

type Payload = EventRecord['payload'];

/** What a run goes through, in words; a phase that is told otherwise, or by the next one, has none. */
const WORDS: Record<string, ((payload: Payload) => string) | undefined> = {
  'runner-claim-accepted': ({ runnerId, attempt }) => `${said(runnerId)} took the run, attempt ${said(attempt)}`,
  'workspace/preparing': ({ kind }) => `workspace: ${said(kind)}`,
  'thread/started': () => 'the agent is ready',
  'thread/resumed': ({ threadId }) => `the agent goes on with thread ${said(threadId)}`,
  'turn/started': () => '',
  'turn/again': ({ message }) => said(message),
  'turn/interrupt:requested': () => 'interrupting the turn',
  'turn/interrupt:done': () => 'the turn was interrupted',
  'turn-cancelled': () => 'the turn was cancelled',
  'cancel-requested': () => 'a cancel was asked for',
  'needs-input': ({ message }) => said(message),
  'storage-over-quota': ({ message }) => said(message),
  'steer-delivered': () => 'the steer was delivered into the turn',
  'attempt-lost': ({ message, willRetry }) => `${said(message)}${willRetry === true ? '; it is tried again' : ''}`,
  'command-terminal': commandEnd,
};

/** Undefined for what a person need not see. */
export function phaseWords(payload: Payload): string | undefined {
  const phase = said(payload.phase);
  const words = Object.hasOwn(WORDS, phase)
    ? WORDS[phase]?.(payload)
    : [phase, said(payload.message)].filter(Boolean).join(': ');
  return words === '' ? undefined : words;
}

function commandEnd({ commandType, terminalStatus, supersededBy }: Payload): string {
  if (typeof supersededBy === 'string') return `the turn had ended: the steer becomes the next turn, ${supersededBy}`;
  return `${said(commandType) || 'command'} ${said(terminalStatus)}`;
}

function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
