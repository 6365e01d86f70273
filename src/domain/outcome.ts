import type { FailureKind } from './failure-kinds.js';

export const TERMINAL_STATUSES = ['completed', 'failed', 'blocked', 'cancelled'] as const;
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

/**
 * Words that belong to an outcome. Text that came from outside (a runner's failure message, a caller's reason) is kept in the
 * database and named by id, so that it never enters a workflow's readable history; our own sentences travel as they are.
 */
export type NoteRef = { readonly text: string } | { readonly noteId: string };

/** How a run or a command ended. */
export interface Outcome {
  readonly status: TerminalStatus;
  readonly failureKind: FailureKind | null;
  readonly message: NoteRef | null;
}

export function isTerminalStatus(status: string): status is TerminalStatus {
  return (TERMINAL_STATUSES as readonly string[]).includes(status);
}
