import type { TimelineEntry } from '../../contract/explanation.js';
import { TIMELINE_LIMITS } from '../../domain/timeline.js';

export interface Timeline {
  readonly timeline: TimelineEntry[];
  readonly omitted: number;
}

/** One timeline, oldest first, of a bounded length: repeats in a row become one entry, and a middle that is too much is left out. */
export function toTimeline(entries: readonly TimelineEntry[]): Timeline {
  const ordered = collapsed(entries.toSorted(byTime));
  const { entries: most, head } = TIMELINE_LIMITS;
  const over = ordered.length - most;
  if (over <= 0) return { timeline: ordered, omitted: 0 };
  return { timeline: [...ordered.slice(0, head), ...ordered.slice(head + over)], omitted: over };
}

/** Of one moment: what is under way comes last; otherwise in the order given. */
function byTime(a: TimelineEntry, b: TimelineEntry): number {
  const isWaiting = (entry: TimelineEntry) => (entry.kind === 'waiting' ? 1 : 0);
  return isWaiting(a) - isWaiting(b) || Date.parse(a.at) - Date.parse(b.at);
}

function collapsed(entries: readonly TimelineEntry[]): TimelineEntry[] {
  const told: TimelineEntry[] = [];
  for (const entry of entries) {
    const last = told.at(-1);
    if (last !== undefined && isSame(last, entry)) told[told.length - 1] = { ...entry, times: last.times + 1 };
    else told.push(entry);
  }
  return told;
}

function isSame(a: TimelineEntry, b: TimelineEntry): boolean {
  return a.kind === b.kind && a.text === b.text && a.attempt === b.attempt && a.runId === b.runId;
}
