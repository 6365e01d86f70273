import type { TranscriptRow } from './transcript-rows.js';

/** Whether a call shows its output before anybody folds it: while it runs, when it failed, and when it is all that a turn is. Pure. */
export function isOpenByItself(row: TranscriptRow, rows: readonly TranscriptRow[]): boolean {
  if (row.kind !== 'tool') return false;
  if (row.status === 'running' || row.status === 'failed' || row.isPrompt) return true;
  return (
    row === rows.findLast(({ kind }) => kind === 'tool') &&
    !rows.slice(rows.lastIndexOf(row)).some(({ kind }) => kind === 'assistant')
  );
}
