import type { EventRecord } from '../contract/event.js';
import type { TerminalClassification } from '../contract/result.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import { cut } from './activity.js';
import { endReason } from './end-reason.js';
import { FAILURE_MEANINGS, UNKNOWN_FAILURE } from './failure-meanings.js';
import { neededInput, type NeededInput } from './needed-input.js';
import { providerEvidence } from './provider-evidence.js';
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
  const needed = neededInput(facts);
  const reason = cut(needed?.message ?? reasonOf(facts, ended), TEXT_LENGTH);
  return {
    category: categoryOf(ended, needed),
    confidence: needed === undefined ? confidenceOf(ended, errors) : 'high',
    ...providerFindings(facts, ended, reason),
    retryInterruptionObserved: retried !== undefined,
    retryInterruptionSeq: retried?.seq ?? null,
    retryInterruptionKind: retried === undefined ? null : failureKindOf(retried),
    hardTimeout: timeoutKind === 'hard',
    idleTimeout: timeoutKind === 'idle',
    timeoutKind,
    transportDisconnectObserved: disconnect !== undefined || ended.failureKind === 'provider-stream-disconnected',
    transportDisconnectSeq: disconnect?.seq ?? null,
    reason,
  };
}

function providerFindings(facts: RunFacts, ended: EndedAs, reason: string) {
  const { event, httpStatus, words } = providerEvidence(facts);
  const told = [httpStatus === null ? [] : `HTTP ${httpStatus}`, words ?? []].flat().join(': ');
  const interruption = INTERRUPTIONS.includes(ended.failureKind);
  return {
    providerEvidence: event !== undefined || (ended.failureKind?.startsWith('provider-') ?? false),
    providerInterruption: interruption,
    // A failure without a kind may have been the provider's: then we do not know.
    providerInterruptionKnown:
      ended.status === 'completed' || ended.failureKind !== null || neededInput(facts) !== undefined,
    providerInterruptionReason: interruption ? cut(told || reason, TEXT_LENGTH) : null,
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

function categoryOf(ended: EndedAs, needed: NeededInput | undefined): string {
  if (needed !== undefined) return 'needs-input';
  if (ended.status === 'completed' || ended.status === 'cancelled') return ended.status;
  if (ended.failureKind !== null) return FAILURE_MEANINGS[ended.failureKind].category;
  return ended.status === 'blocked' ? 'blocked' : UNKNOWN_FAILURE.category;
}

function confidenceOf(ended: EndedAs, errors: readonly EventRecord[]): TerminalClassification['confidence'] {
  if (ended.failureKind !== null || ended.status === 'completed' || ended.status === 'cancelled') return 'high';
  return errors.length > 0 ? 'medium' : 'low';
}

function reasonOf(facts: RunFacts, ended: EndedAs): string {
  if (ended.status === 'completed') return `the ${ended.what} completed`;
  if (ended.failureKind === 'cancelled') return ended.failureMessage ?? FAILURE_MEANINGS.cancelled.what;
  if (ended.failureKind !== null) return endReason(facts, ended).what;
  return (
    ended.failureMessage ?? (ended.status === 'cancelled' ? FAILURE_MEANINGS.cancelled.what : UNKNOWN_FAILURE.what)
  );
}
