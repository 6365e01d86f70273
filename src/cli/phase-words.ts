import type { EventRecord } from '../contract/event.js';
import { phaseWords as wordsOf, said } from '../domain/phase-words.js';

type Payload = EventRecord['payload'];

/** What a run goes through, in words; undefined for what a person need not see. */
export function phaseWords(payload: Payload): string | undefined {
  const words = payload.phase === 'command-terminal' ? commandEnd(payload) : wordsOf(payload);
  return words === '' ? undefined : words;
}

function commandEnd({ commandType, terminalStatus, supersededBy }: Payload): string {
  if (typeof supersededBy === 'string') return `the turn had ended: the steer becomes the next turn, ${supersededBy}`;
  return `${said(commandType) || 'command'} ${said(terminalStatus)}`;
}
