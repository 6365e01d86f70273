import type { EventRecord } from '../../client/index.js';
import { phaseWords as wordsOf, said } from '../../domain/phase-words.js';

type Payload = EventRecord['payload'];

/** What a run goes through, in words; empty for what nobody need see. Pure. */
export function phaseWords(payload: Payload): string {
  return payload['phase'] === 'command-terminal' ? commandEnd(payload) : wordsOf(payload);
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
