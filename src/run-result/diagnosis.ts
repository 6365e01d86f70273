import type { FailureKind } from '../domain/failure-kinds.js';
import { cut } from './activity.js';
import { againWords, endReason } from './end-reason.js';
import { liveSentence } from './live-sentence.js';
import { neededInput } from './needed-input.js';
import { providerEvidence } from './provider-evidence.js';
import { replyOf } from './reply.js';
import { endedAs, focusEvents, textField, type EndedAs, type RunFacts } from './run-facts.js';
import { asClause } from './words.js';

const LENGTH = 400;
const QUOTE = 180;

/** One sentence: what happened, with the facts that matter, and what to do next. */
export function diagnosis(facts: RunFacts): string {
  const ended = endedAs(facts);
  return cut(ended === null ? liveSentence(facts) : endedSentence(facts, ended), LENGTH);
}

function endedSentence(facts: RunFacts, ended: EndedAs): string {
  if (ended.status === 'completed') return completedSentence(facts, ended);
  if (ended.status === 'cancelled' && (ended.failureKind === null || ended.failureKind === 'cancelled')) {
    return cancelledSentence(facts, ended);
  }
  if (ended.status === 'blocked' && ended.failureKind === null) return blockedSentence(facts, ended);
  const { what, next } = endReason(facts, ended);
  const word = { failed: 'failed', blocked: 'is blocked', cancelled: 'was cancelled' }[ended.status];
  return `The ${ended.what} ${word}${attempts(facts, ended.failureKind)}: ${what}; ${next}.`;
}

function completedSentence(facts: RunFacts, { what }: EndedAs): string {
  if (what === 'steer') return 'The steer was delivered into the turn; read what came of the turn.';
  if (what === 'interrupt') return 'The interrupt was done; read what came of the turn.';
  const { retries } = providerEvidence(facts);
  const after =
    retries === 0 ? '' : `, after the provider was tried again ${retries === 1 ? 'once' : `${retries} times`}`;
  return `The ${what} completed${after}${declined(facts)}; ${replyOf(facts) === null ? 'it left no reply, read its events' : 'read the reply'}.`;
}

/** An agent that was refused what it needed says so, if at all, in its reply alone. */
function declined(facts: RunFacts): string {
  const events = focusEvents(facts).filter((event) => textField(event, 'phase') === 'approval-declined');
  const [first] = events;
  if (first === undefined) return '';
  const count = events.length === 1 ? 'an approval was' : `${events.length} approvals were`;
  const what = textField(first, 'summary');
  const which = what === null ? '' : ` (${events.length === 1 ? '' : 'the first: '}${asClause(what, QUOTE)})`;
  return `, but ${count} declined${which}`;
}

function cancelledSentence(facts: RunFacts, { what, failureMessage }: EndedAs): string {
  const { command } = facts;
  if (command?.supersededBy) {
    return `The ${what} came too late for its turn and became the next one, ${command.supersededBy}; look at that.`;
  }
  if (failureMessage === 'interrupted') {
    return `The ${what} was interrupted; ${facts.run.terminalStatus === null ? 'send a further turn to go on' : againWords(facts)}.`;
  }
  const isSilent = failureMessage === null || failureMessage === 'cancelled';
  const reason = isSilent ? '' : ` (${asClause(failureMessage, QUOTE)})`;
  return `The ${what} was cancelled${reason}; ${againWords(facts)} if it is still wanted.`;
}

function blockedSentence(facts: RunFacts, { what, failureMessage }: EndedAs): string {
  const needed = neededInput(facts);
  const isLive = facts.run.terminalStatus === null;
  const further = isLive ? 'a further turn' : facts.run.sessionRef === null ? 'a new run' : 'a turn in its session';
  if (needed === undefined) {
    const words = asClause(failureMessage ?? 'nothing was said about why', QUOTE);
    return `The ${what} is blocked: ${words}; read its last events, and answer with ${further}.`;
  }
  const next = needed.isQuestion
    ? `answer it with ${further}`
    : `start it under an executionPolicy that allows it, or say in ${further} how to do without`;
  return `The ${what} needs input: ${asClause(needed.message, QUOTE)}; ${next}.`;
}

/** Where attempts, rather than the turn, came to their end. */
function attempts(facts: RunFacts, failureKind: FailureKind | null): string {
  const { attempt, retryPolicy } = facts.run;
  const wasGivenUp = focusEvents(facts).some(({ payload }) => payload.phase === 'attempt-lost');
  if (failureKind === null || !GIVEN_UP.includes(failureKind) || !wasGivenUp) return '';
  return retryPolicy.maxAttempts === 1
    ? ' in its only attempt'
    : ` after ${attempt} of ${retryPolicy.maxAttempts} attempts`;
}

const GIVEN_UP: readonly FailureKind[] = ['runner-lost', 'runner-start-failed'];
