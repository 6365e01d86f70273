import type { TerminalStatus } from './outcome.js';

/** Why somebody should look, the most pressing first but for the first, which says that nobody need: it is being worked on. */
export const ATTENTION_STATES = [
  'active-session',
  'needs-input',
  'failed',
  'blocked',
  'stalled',
  'unread',
  'none',
] as const;
export type AttentionState = (typeof ATTENTION_STATES)[number];

/** The order in which somebody should look. */
export const BY_URGENCY: readonly AttentionState[] = [
  'needs-input',
  'failed',
  'blocked',
  'stalled',
  'unread',
  'active-session',
  'none',
];

/** Somebody has to do something about these, where of the others it is enough to know. */
export const NEEDS_ATTENTION: readonly AttentionState[] = ['needs-input', 'failed', 'blocked', 'stalled'];

/** Of a session, or of a task. */
export interface AttentionFacts {
  /** Something works in the session, or is about to; of a task: in the session that its newest attempt went to, be it on something else. */
  readonly active: boolean;
  /** What should work on it does not show itself: its lease ran out. */
  readonly stalled: boolean;
  readonly terminalStatus: TerminalStatus | null;
  readonly failureKind: string | null;
  /** This reader has not seen what happened last. */
  readonly unread: boolean;
}

/**
 * What a reader must know first. What waits for an answer goes on waiting however often it is read; a failure has been dealt with once
 * its reader has seen it.
 */
export function attentionState(facts: AttentionFacts): AttentionState {
  if (facts.stalled) return 'stalled';
  if (facts.active) return 'active-session';
  if (facts.terminalStatus === 'blocked') return facts.failureKind === null ? 'needs-input' : 'blocked';
  if (!facts.unread) return 'none';
  return facts.terminalStatus === 'failed' ? 'failed' : 'unread';
}
