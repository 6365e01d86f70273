import type { EventRef } from './place.js';
import type { TranscriptRow } from './transcript-rows.js';

/** Two links to the same event are one. */
export function addressOfEvent({ runId, seq }: EventRef): string {
  return `${runId ?? ''}/${seq}`;
}

/**
 * The row in which an event is shown: what comes in pieces is in the row that it began. Undefined while it may be further back than
 * what is loaded. Pure.
 */
export function targetRow(
  rows: readonly TranscriptRow[],
  { runId, seq }: EventRef,
  isAllLoaded: boolean,
): TranscriptRow | undefined {
  const ofRun = rows.filter((row) => row.kind !== 'run' && (runId === undefined || row.runId === runId));
  const holding =
    ofRun.find((row) => row.seq === seq || row.lastSeq === seq) ?? ofRun.findLast((row) => row.seq <= seq);
  return holding ?? (isAllLoaded ? ofRun[0] : undefined);
}
