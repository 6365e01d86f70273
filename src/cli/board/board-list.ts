import { shortAge } from '../durations.js';
import type { Colors } from '../output.js';
import { statusLook } from '../status-words.js';
import { nearestCap } from '../task-budget.js';
import { taskName, taskWhy, tries } from '../task-words.js';
import { cell, lineOf, type Piece } from '../terminal/line.js';
import { textWidth } from '../terminal/text-width.js';
import { sinceOf, type Group, type Row } from './board-rows.js';
import { listLines, shownRows, type BoardState, type ListLine } from './board-state.js';

export const HEADINGS: Record<Group, string> = {
  'needs-you': 'Needs you',
  running: 'Running',
  waiting: 'Waiting',
  recent: 'Recent',
};

const STATUS = textWidth('⊘ Interrupted');
const AGE = 3;
const BUDGET = textWidth('100% time');
const LONGEST_QUEUE = 14;
/** Narrower than this, a queue's name would cost what a row is there to say. */
const WIDE = 100;

interface Widths {
  readonly tries: number;
  readonly queue: number;
  readonly budget: number;
  readonly name: number;
}

/** So many lines of the list, from its first shown one on. Pure. */
export function listScreen(state: BoardState, height: number, colors: Colors): string[] {
  const rows = shownRows(state);
  if (rows.length === 0) return emptyLines(state, colors);
  const { columns } = state.size;
  const widths = widthsOf(rows, state);
  return listLines(rows)
    .slice(state.top, state.top + height)
    .map((line) => lineOf(piecesOf(line, rows, state, widths, colors), columns));
}

function emptyLines({ data, filter, queue }: BoardState, { dim, cyan }: Colors): string[] {
  if (data === null) return [];
  if (filter.trim() !== '') return ['', dim('  nothing is called so; Esc takes the filter away')];
  const option = queue === null ? '' : ` --queue ${queue}`;
  return ['', '  There are no tasks here.', `  ${cyan(`agentrun task create "…"${option} --dispatch`)}`];
}

/** What a title does not need is the reason's. */
function widthsOf(rows: readonly Row[], { size, queue }: BoardState): Widths {
  const triesWidth = Math.max(...rows.map(({ task }) => textWidth(tries(task))));
  const queues = Math.max(...rows.map(({ task }) => textWidth(task.queue)));
  const queueWidth = queue === null && size.columns >= WIDE ? Math.min(LONGEST_QUEUE, queues) + 1 : 0;
  const budget = rows.some(({ task }) => nearestCap(task) !== null) ? BUDGET + 1 : 0;
  const fixed = 2 + STATUS + 1 + 1 + triesWidth + 1 + AGE + 1 + queueWidth + budget;
  const longest = Math.max(...rows.map(({ task }) => textWidth(taskName(task))));
  const name = Math.max(8, Math.min(longest, Math.floor((size.columns - fixed) * 0.45)));
  return { tries: triesWidth, queue: queueWidth, budget, name };
}

function piecesOf(line: ListLine, rows: readonly Row[], state: BoardState, widths: Widths, colors: Colors): Piece[] {
  if ('heading' in line) return [heading(line.heading, rows, state, colors)];
  const { row } = line;
  const isSelected = row.task.id === state.selected;
  const pieces = [marks(row, isSelected, colors), ...columnsOf(row, state, widths, colors)];
  if (row.isGone) return pieces.map(({ text }) => ({ text, paint: colors.dim }));
  if (!isSelected) return pieces;
  // Colours on top of the inversion are hard to read: the words say it too.
  return [{ text: cell(pieces.map(({ text }) => text).join(''), state.size.columns), paint: colors.inverse }];
}

/** With how many there are, where the list does not have them all. */
function heading(group: Group, rows: readonly Row[], { data, filter }: BoardState, { bold, dim }: Colors): Piece {
  const here = rows.filter((row) => row.group === group).length;
  const { pending = 0, running = 0 } = data?.stats.counts ?? {};
  const all =
    filter.trim() === '' ? ({ waiting: pending, running } as Partial<Record<Group, number>>)[group] : undefined;
  const more = all !== undefined && all > here ? ` of ${all}` : '';
  return {
    text: `${HEADINGS[group]}  ${here}${more}`,
    paint: group === 'needs-you' ? bold : (text) => dim(bold(text)),
  };
}

function marks({ task }: Row, isSelected: boolean, { cyan }: Colors): Piece {
  return { text: `${isSelected ? '›' : ' '}${task.unread ? '•' : ' '}`, paint: cyan };
}

function columnsOf({ task }: Row, { nowMs }: BoardState, widths: Widths, colors: Colors): Piece[] {
  const { dim, yellow, red } = colors;
  const cap = nearestCap(task);
  const capPaint = cap === null || cap.share < 0.8 ? dim : cap.share < 1 ? yellow : red;
  const [icon, word, paint] = statusLook({ status: task.state, failureKind: task.failureKind });
  return [
    { text: cell(`${icon} ${word}`, STATUS), paint: colors[paint] },
    { text: ` ${cell(taskName(task), widths.name)}` },
    ...(widths.queue === 0 ? [] : [{ text: ` ${cell(task.queue, widths.queue - 1)}`, paint: dim }]),
    { text: ` ${cell(tries(task), widths.tries)}`, paint: dim },
    { text: ` ${cell(shortAge(nowMs - Date.parse(sinceOf(task))), AGE)}`, paint: dim },
    ...(widths.budget === 0 ? [] : [{ text: ` ${cell(cap?.text ?? '', widths.budget - 1)}`, paint: capPaint }]),
    { text: ` ${taskWhy(task, nowMs)}`, paint: task.phase === 'ended' ? undefined : dim },
  ];
}
