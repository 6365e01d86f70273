import type { RunExplanation, SessionExplanation, TimelineEntry } from '../contract/explanation.js';
import { wrapWords } from './wrap-words.js';
import { clockTime, spell } from './durations.js';
import { terminalSafe, type Output } from './output.js';
import { table, tabSeparated } from './table.js';

type Explanation = Pick<
  RunExplanation | SessionExplanation,
  'timeline' | 'omitted' | 'sources' | 'diagnosis' | 'runId' | 'next'
>;

const NARROWEST = 40;
const MOST_LINES = 4;

/** For a person: when, measured from the beginning, and what; attempts apart. */
export function timelineLines({ timeline, omitted, sources, runId }: Explanation, output: Output): string {
  const { dim } = output.colors;
  const [first] = timeline;
  if (first === undefined) return dim('Nothing has happened yet.');
  const startMs = Date.parse(first.at);
  const rows = timeline.flatMap((entry, index) => [
    ...heading(timeline, index, runId, output),
    ...entryRows(entry, startMs, output),
    ...(omitted > 0 && index === lastOfHead(timeline, omitted)
      ? [[dim('…'), dim(`${omitted} more left out here`)]]
      : []),
  ]);
  const began = dim(`since ${clockTime(startMs, Date.now())}`);
  return [began, table(rows), ...(sources.note === null ? [] : ['', dim(sources.note)])].join('\n');
}

/** For programs: when, kind, attempt, run, how often, what; and at the end what it comes to. */
export function timelineTable({ timeline, diagnosis }: Explanation): string {
  const rows = timeline.map(({ at, kind, attempt, runId, times, text }) => [at, kind, attempt, runId, times, text]);
  return tabSeparated([...rows, ['', 'diagnosis', null, null, 1, diagnosis]]);
}

/** The server leaves out what follows its first forty. */
function lastOfHead(timeline: readonly TimelineEntry[], omitted: number): number {
  return omitted > 0 ? Math.min(39, timeline.length - 1) : -1;
}

/** Where the next attempt begins; the first needs no word where there is no other. */
function heading(
  timeline: readonly TimelineEntry[],
  index: number,
  runId: string | null,
  { colors: { bold } }: Output,
): string[][] {
  const entry = timeline[index];
  if (entry === undefined || entry.attempt === null || entry.runId !== runId) return [];
  const before = timeline.slice(0, index).flatMap((other) => (other.runId === runId ? (other.attempt ?? []) : []));
  const isNext = before.length > 0 && entry.attempt > Math.max(...before);
  return isNext ? [['', bold(`attempt ${entry.attempt}`)]] : [];
}

function entryRows(entry: TimelineEntry, startMs: number, { colors, width }: Output): string[][] {
  const atMs = Date.parse(entry.at);
  const when = entry.kind === 'waiting' ? 'now' : atMs - startMs < 1 ? '0' : `+${spell(atMs - startMs)}`;
  const times = entry.times > 1 ? ` (${entry.times} times, last here)` : '';
  const room = Math.max(NARROWEST, Math.min(width, 160) - 18);
  const lines = wrapWords(terminalSafe(entry.text) + times, room, MOST_LINES);
  const mark = entry.isTrouble ? colors.red('✗') : entry.kind === 'waiting' ? colors.cyan('…') : colors.dim('·');
  return lines.map((line, index) =>
    index === 0 ? [colors.dim(when.padStart(10)), `${mark} ${line}`] : ['', `  ${line}`],
  );
}
