import type { TimelineEntry, TimelineKind } from '../../contract/explanation.js';
import { TIMELINE_LIMITS } from '../../domain/timeline.js';
import { cut } from '../activity.js';

type Details = Partial<Pick<TimelineEntry, 'attempt' | 'commandId' | 'runnerId' | 'runnerJobId' | 'seq' | 'isTrouble'>>;

export type TellEntry = (atMs: number, kind: TimelineKind, text: string, details?: Details) => TimelineEntry;

/** Makes the entries that one store tells of one run, or of no run. */
export function entriesFrom(source: TimelineEntry['source'], runId: string | null): TellEntry {
  return (atMs, kind, text, details = {}) => ({
    at: new Date(atMs).toISOString(),
    attempt: null,
    kind,
    source,
    text: cut(text, TIMELINE_LIMITS.text),
    isTrouble: false,
    times: 1,
    runId,
    ...details,
  });
}
