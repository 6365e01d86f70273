import type { RunRecord, SessionRecord, TaskSummary } from '../../client/index.js';
import { isTerminalStatus } from '../../domain/outcome.js';
import { plural } from './times.js';

/** What can be done with several rows of the inbox at once. */
export const BULK_ACTIONS = ['dispatch', 'retry', 'read', 'cancel'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export function taskCan({ state, phase, unread, cancelRequestedAt }: TaskSummary): BulkAction[] {
  return [
    ...(phase === 'waiting-for-dispatch' ? (['dispatch'] as const) : []),
    ...(state === 'failed' || state === 'blocked' ? (['retry'] as const) : []),
    ...(unread ? (['read'] as const) : []),
    ...(isTerminalStatus(state) || cancelRequestedAt !== null ? [] : (['cancel'] as const)),
  ];
}

export function sessionCan({ unread, activeRunId }: SessionRecord): BulkAction[] {
  return [...(unread ? (['read'] as const) : []), ...(activeRunId === null ? [] : (['cancel'] as const))];
}

export function runCan({ terminalStatus, cancelRequestedAt }: RunRecord): BulkAction[] {
  return terminalStatus === null && cancelRequestedAt === null ? ['cancel'] : [];
}

/** Those of the chosen rows with which it can be done. */
export function rowsFor<T extends { readonly can: readonly BulkAction[] }>(
  rows: readonly T[],
  action: BulkAction,
): T[] {
  return rows.filter(({ can }) => can.includes(action));
}

const WORDS: Readonly<Record<BulkAction, { readonly asked: string; readonly done: string }>> = {
  dispatch: { asked: 'Dispatch', done: 'dispatched' },
  retry: { asked: 'Try again', done: 'tried again' },
  read: { asked: 'Mark read', done: 'marked read' },
  cancel: { asked: 'Cancel…', done: 'cancelled' },
};

export function bulkLabel(action: BulkAction, count: number): string {
  return `${WORDS[action].asked} (${count})`;
}

/** `2 of 3 cancelled`; each that was not is told beside it. */
export function bulkOutcome(action: BulkAction, asked: number, failed: number): string {
  const done = asked - failed;
  return failed === 0 ? `${plural(asked, 'row')} ${WORDS[action].done}` : `${done} of ${asked} ${WORDS[action].done}`;
}
