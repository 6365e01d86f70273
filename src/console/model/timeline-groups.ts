import type { RunExplanation, TimelineEntry } from '../../client/index.js';
import { TIMELINE_LIMITS } from '../../domain/timeline.js';
import { spell } from './times.js';

/** What happened in one attempt, or before the first. */
export interface TimelineGroup {
  readonly attempt: number | null;
  readonly lines: readonly TimelineLine[];
}

export interface TimelineLine {
  readonly key: string;
  /** From the beginning of the whole: `+1.2 s`; `now` for what is still under way. */
  readonly when: string;
  readonly at: string;
  readonly kind: TimelineEntry['kind'];
  readonly text: string;
  readonly isTrouble: boolean;
  /** The event that says so. */
  readonly seq: number | null;
  /** How many entries are left out behind this one. */
  readonly omitted: number;
}

/** A run's timeline, attempt by attempt, oldest first. What names no attempt stands where it happened. Pure. */
export function timelineGroups({ timeline, omitted }: Pick<RunExplanation, 'timeline' | 'omitted'>): TimelineGroup[] {
  const startMs = Date.parse(timeline[0]?.at ?? '');
  const lastOfHead = omitted > 0 ? Math.min(TIMELINE_LIMITS.head, timeline.length) - 1 : -1;
  const groups: { attempt: number | null; lines: TimelineLine[] }[] = [];
  for (const [index, entry] of timeline.entries()) {
    const open = groups.at(-1);
    const begins = entry.attempt !== null && entry.attempt > (open?.attempt ?? 0);
    if (open === undefined || begins) groups.push({ attempt: entry.attempt, lines: [] });
    groups.at(-1)?.lines.push(lineOf(entry, index, startMs, index === lastOfHead ? omitted : 0));
  }
  return groups;
}

function lineOf(entry: TimelineEntry, index: number, startMs: number, omitted: number): TimelineLine {
  const { at, kind, text, isTrouble, seq, times } = entry;
  const sinceMs = Date.parse(at) - startMs;
  return {
    key: `${index}/${at}`,
    when: kind === 'waiting' ? 'now' : sinceMs < 1 ? '0' : `+${spell(sinceMs)}`,
    at,
    kind,
    text: times > 1 ? `${text} (${times} times, last here)` : text,
    isTrouble,
    seq: seq ?? null,
    omitted,
  };
}
