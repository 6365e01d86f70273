import type { EventRecord } from '../contract/event.js';
import type { TerminalClassification } from '../contract/result.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import { cut } from './activity.js';
import { FAILURE_MEANINGS, UNKNOWN_FAILURE } from './failure-meanings.js';
import { endedAs, focusEvents, textField, type EndedAs, type RunFacts } from './run-facts.js';

const TEXT_LENGTH = 240;

/** The provider cut the work off, as against refusing it. */
const INTERRUPTIONS: readonly (string | null)[] = [
  'provider-unavailable',
  'provider-stream-disconnected',
  'provider-rate-limited',
];

/** Why it ended as it did, and how sure that is; null while it is live. */
export function terminalClassification(facts: RunFacts): TerminalClassification | null {
  const ended = endedAs(facts);
  if (ended === null) return null;
  const errors = errorEvents(facts);
  const retried = errors.findLast((event) => event.payload.willRetry === true);
  const disconnect = errors.findLast((event) => failureKindOf(event) === 'provider-stream-disconnected');
  const timeoutKind = timeoutKindOf(ended.failureKind);
  return {
    category: categoryOf(ended),
    confidence: confidenceOf(ended, errors),
    ...providerFindings(ended, errors),
    retryInterruptionObserved: retried !== undefined,
    retryInterruptionSeq: retried?.seq ?? null,
    retryInterruptionKind: retried === undefined ? null : failureKindOf(retried),
    hardTimeout: timeoutKind === 'hard',
    idleTimeout: timeoutKind === 'idle',
    timeoutKind,
    transportDisconnectObserved: disconnect !== undefined || ended.failureKind === 'provider-stream-disconnected',
    transportDisconnectSeq: disconnect?.seq ?? null,
    reason: cut(reasonOf(ended), TEXT_LENGTH),
  };
}

function providerFindings(ended: EndedAs, errors: readonly EventRecord[]) {
  const evidence = errors.findLast((event) => failureKindOf(event)?.startsWith('provider-'));
  const interruption = INTERRUPTIONS.includes(ended.failureKind);
  const text = evidence && (textField(evidence, 'message') ?? textField(evidence, 'text'));
  return {
    providerEvidence: evidence !== undefined || (ended.failureKind?.startsWith('provider-') ?? false),
    providerInterruption: interruption,
    // A failure without a kind may have been the provider's: then we do not know.
    providerInterruptionKnown: ended.status === 'completed' || ended.failureKind !== null,
    providerInterruptionReason: interruption ? cut(text ?? reasonOf(ended), TEXT_LENGTH) : null,
  };
}

function errorEvents(facts: RunFacts): EventRecord[] {
  return focusEvents(facts).filter((event) => event.type === 'error');
}

function failureKindOf(event: EventRecord): string | null {
  return textField(event, 'failureKind');
}

function timeoutKindOf(failureKind: FailureKind | null): 'hard' | 'idle' | null {
  if (failureKind === 'hard-timeout') return 'hard';
  return failureKind === 'idle-timeout' ? 'idle' : null;
}

function categoryOf(ended: EndedAs): string {
  if (ended.status === 'completed' || ended.status === 'cancelled') return ended.status;
  if (ended.failureKind !== null) return FAILURE_MEANINGS[ended.failureKind].category;
  return ended.status === 'blocked' ? 'blocked' : UNKNOWN_FAILURE.category;
}

function confidenceOf(ended: EndedAs, errors: readonly EventRecord[]): TerminalClassification['confidence'] {
  if (ended.failureKind !== null || ended.status === 'completed' || ended.status === 'cancelled') return 'high';
  return errors.length > 0 ? 'medium' : 'low';
}

function reasonOf(ended: EndedAs): string {
  if (ended.status === 'completed') return `the ${ended.what} completed`;
  if (ended.failureKind !== null) return FAILURE_MEANINGS[ended.failureKind].what;
  if (ended.status === 'cancelled') return FAILURE_MEANINGS.cancelled.what;
  return ended.failureMessage ?? UNKNOWN_FAILURE.what;
}
