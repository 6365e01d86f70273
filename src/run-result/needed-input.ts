import { endedAs, focusCommand, focusEvents, textField, type RunFacts } from './run-facts.js';

/** What the agent waits for somebody to decide. */
export interface NeededInput {
  /** A clause: `the agent asks for approval to run: …`. */
  readonly message: string;
  /** It asked a question, which words can answer; otherwise it asked to be allowed something. */
  readonly isQuestion: boolean;
  readonly seq: number;
}

/** Undefined unless what the result speaks of is blocked on it: the run or command, or the last turn of a run that is open. */
export function neededInput(facts: RunFacts): NeededInput | undefined {
  const status = endedAs(facts)?.status ?? focusCommand(facts)?.terminalStatus;
  if (status !== 'blocked') return undefined;
  const event = focusEvents(facts).findLast((one) => textField(one, 'phase') === 'needs-input');
  const message = event && textField(event, 'message');
  if (!message) return undefined;
  return { message, isQuestion: textField(event, 'toolName') === 'request_user_input', seq: event.seq };
}
