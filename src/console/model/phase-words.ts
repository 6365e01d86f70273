import type { EventRecord } from '../../client/index.js';

type Payload = EventRecord['payload'];

/** What a run goes through, in words; a phase that is told otherwise, or by the next one, has none. Pure. */
const WORDS: Readonly<Record<string, ((payload: Payload) => string) | undefined>> = {
  'runner-claim-accepted': ({ runnerId, attempt }) => `${said(runnerId)} took the run, attempt ${said(attempt)}`,
  'workspace/preparing': ({ kind }) => (kind === 'none' ? '' : `preparing the workspace: ${said(kind)}`),
  'workspace/ready': () => '',
  'thread/started': () => 'the agent is ready',
  'thread/resumed': ({ threadId }) => `the agent goes on with thread ${said(threadId)}`,
  'turn/started': () => '',
  'turn/interrupt:requested': () => 'interrupting the turn',
  'turn/interrupt:done': () => 'the turn was interrupted',
  'turn-cancelled': () => 'the turn was cancelled',
  'cancel-requested': () => 'a cancel was asked for',
  'needs-input': ({ message }) => said(message),
  'attempt-lost': ({ message, willRetry }) => `${said(message)}${willRetry === true ? '; it is tried again' : ''}`,
  'command-terminal': commandEnd,
};

/** Empty for what nobody need see. */
export function phaseWords(payload: Payload): string {
  const phase = said(payload['phase']);
  const words = Object.hasOwn(WORDS, phase) ? WORDS[phase]?.(payload) : undefined;
  return words ?? [phase, said(payload['message'])].filter(Boolean).join(': ');
}

/** Somebody should look. */
export function isAttentionPhase(payload: Payload): boolean {
  return payload['phase'] === 'needs-input' || payload['phase'] === 'attempt-lost';
}

function commandEnd({ commandType, terminalStatus, supersededBy, failureMessage }: Payload): string {
  if (typeof supersededBy === 'string') return 'the turn had ended: the steer becomes the next turn';
  const type = said(commandType);
  // That a turn is done shows by what it said; a steer and an interrupt are told by themselves.
  if (type !== 'turn' || terminalStatus === 'completed') return '';
  return `turn ${said(terminalStatus)}${failureMessage === undefined ? '' : `: ${said(failureMessage)}`}`;
}

export function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
