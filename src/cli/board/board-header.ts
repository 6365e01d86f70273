import { clockTime, shortAge } from '../durations.js';
import type { Colors } from '../output.js';
import { oneLine } from '../task-words.js';
import { spread, type Piece } from '../terminal/line.js';
import { fitTo } from '../terminal/text-width.js';
import { heldBack, rowsOf, type Row } from './board-rows.js';
import { isStale, shownRows, type BoardData, type BoardState } from './board-state.js';

const PROBLEM_SHARE = 0.7;

/** The two lines above the list. Pure. */
export function headerLines(state: BoardState, colors: Colors): string[] {
  const { columns } = state.size;
  const { data } = state;
  if (data === null) return [spread([{ text: 'loading…', paint: colors.dim }], [], columns), ''];
  return [
    spread(queuePieces(state, data, colors), [ageOfData(state, data, colors)], columns),
    spread(attentionPieces(state, data, colors), asidePieces(state, colors), columns),
  ];
}

function queuePieces({ queue }: BoardState, { stats, queues }: BoardData, colors: Colors): Piece[] {
  const { bold, yellow, dim, blue } = colors;
  const of = queue === null ? queues : queues.filter(({ name }) => name === queue);
  // Slots of one queue are no use to the tasks of another: only those of one are counted.
  const slots =
    queue === null
      ? ` running in ${of.length} ${of.length === 1 ? 'queue' : 'queues'}`
      : `/${of[0]?.concurrency ?? 0} slots`;
  const paused = of.filter((one) => one.paused).map(({ name }) => name);
  const { counts, oldestPendingAgeMs: oldest, throughput, running } = stats;
  const wait = oldest === null ? '' : `, oldest ${shortAge(oldest)}`;
  const { completedLastHour: done, failedLastHour: failed } = throughput;
  return [
    { text: queue ?? 'all queues', paint: bold },
    ...(paused.length === 0 ? [] : [{ text: `  ⏸ ${queue === null ? paused.join(' ') : 'Paused'}`, paint: yellow }]),
    { text: `  ▶ ${running}${slots}`, paint: running > 0 ? blue : dim },
    { text: `  ○ ${counts.pending} waiting${wait}` },
    { text: `  ✓${done} ✕${failed} in 1 h`, paint: dim },
  ];
}

/** Fresh it is the time; stale it says so, and why. */
function ageOfData(state: BoardState, { atMs }: BoardData, { dim, yellow }: Colors): Piece {
  const at = clockTime(atMs);
  return isStale(state) ? { text: `as of ${at}`, paint: yellow } : { text: at, paint: dim };
}

function attentionPieces(state: BoardState, { totals }: BoardData, { bold, yellow, green, dim }: Colors): Piece[] {
  const all = shownRows({ ...state, filter: '' });
  const needing = totals.attentionCount;
  const unread = totals.unreadCount;
  return [
    needing === 0
      ? { text: '✓ Nothing needs you', paint: green }
      : { text: `◆ ${needing} ${needing === 1 ? 'needs' : 'need'} you`, paint: (text) => bold(yellow(text)) },
    ...(unread === 0 ? [] : [{ text: `  • ${unread} unread`, paint: dim }]),
    ...(state.filter.trim() === ''
      ? []
      : [{ text: `  /${state.filter.trim()}: ${shownRows(state).length} of ${all.length}`, paint: yellow }]),
  ];
}

/** Why nothing newer comes; else what changed behind the rows that stay where they are. */
function asidePieces(state: BoardState, colors: Colors): Piece[] {
  const { problem, size, held, data } = state;
  if (isStale(state) && problem !== null) {
    return [{ text: fitTo(`! ${oneLine(problem)}`, Math.floor(size.columns * PROBLEM_SHARE)), paint: colors.red }];
  }
  return held === null ? [] : heldPieces(held, rowsOf(data?.tasks ?? []), colors);
}

function heldPieces(held: readonly Row[], fresh: readonly Row[], { dim, yellow }: Colors): Piece[] {
  const { added, moved, needYou } = heldBack(held, fresh);
  if (added + moved === 0) return [];
  const counts = [...(added > 0 ? [`${added} new`] : []), ...(moved > 0 ? [`${moved} moved`] : [])].join(', ');
  const urgent = needYou > 0 ? ` (${needYou} ${needYou === 1 ? 'needs' : 'need'} you)` : '';
  return [{ text: `${counts}${urgent} · o shows`, paint: needYou > 0 ? yellow : dim }];
}
