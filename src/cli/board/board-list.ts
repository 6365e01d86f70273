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

const AGE = 3;
const LONGEST_QUEUE = 14;
const NAME_SHARE = 0.45;
const LABELS = { queue: 'queue', tries: 'try', age: 'age', budget: 'used', why: 'why' };
/** Narrower than this, a queue's name would cost what a row is there to say. */
const WIDE = 100;

interface Widths {
  readonly status: number;
  readonly tries: number;
  readonly queue: number;
  readonly budget: number;
  readonly name: number;
}

/** So many lines of the list, from its first shown one on. Pure. */
export function listScreen(state: BoardState, height: number, colors: Colors): string[] {
  const rows = shownRows(state);
  const { columns } = state.size;
  if (rows.length === 0) return emptyLines(state, colors).map((piece) => lineOf([piece], columns));
  const widths = widthsOf(rows, state);
  return listLines(rows, height)
    .slice(state.top, state.top + height)
    .map((line, index) => lineOf(piecesOf(line, { isFirst: index === 0, rows, state, widths, colors }), columns));
}

function emptyLines({ data, filter, queue }: BoardState, { dim, cyan }: Colors): Piece[] {
  if (data === null) return [];
  if (filter.trim() !== '')
    return [{ text: '' }, { text: '  nothing is called so; Esc takes the filter away', paint: dim }];
  const option = queue === null ? '' : ` --queue ${queue}`;
  const create = `  agentrun task create "…"${option} --dispatch`;
  return [{ text: '' }, { text: '  There are no tasks here.' }, { text: create, paint: cyan }];
}

/** What the other columns do not need is the title's and, more of it, the reason's. */
function widthsOf(rows: readonly Row[], { size, queue }: BoardState): Widths {
  const widest = (text: (row: Row) => string) => Math.max(...rows.map((row) => textWidth(text(row))));
  const status = widest(({ task }) => statusText(task));
  const triesWidth = Math.max(
    LABELS.tries.length,
    widest(({ task }) => tries(task)),
  );
  const hasQueues = queue === null && size.columns >= WIDE;
  const queueWidth = hasQueues
    ? Math.min(
        LONGEST_QUEUE,
        Math.max(
          LABELS.queue.length,
          widest(({ task }) => task.queue),
        ),
      ) + 1
    : 0;
  const widestCap = widest(({ task }) => nearestCap(task)?.text ?? '');
  const budget = widestCap === 0 ? 0 : Math.max(LABELS.budget.length, widestCap) + 1;
  const fixed = 2 + status + 1 + 1 + triesWidth + 1 + AGE + 1 + queueWidth + budget;
  const longest = widest(({ task }) => taskName(task));
  const name = Math.max(8, Math.min(longest, Math.floor((size.columns - fixed) * NAME_SHARE)));
  return { status, tries: triesWidth, queue: queueWidth, budget, name };
}

function statusText({ state, failureKind }: Row['task']): string {
  const [icon, word] = statusLook({ status: state, failureKind });
  return `${icon} ${word}`;
}

interface Shown {
  readonly isFirst: boolean;
  readonly rows: readonly Row[];
  readonly state: BoardState;
  readonly widths: Widths;
  readonly colors: Colors;
}

function piecesOf(line: ListLine, shown: Shown): Piece[] {
  if (line === 'blank') return [];
  if ('heading' in line) return heading(line.heading, shown);
  const { state, widths, colors } = shown;
  const { row } = line;
  const isSelected = row.task.id === state.selected;
  const pieces = [marks(row, isSelected, colors), ...columnsOf(row, state, widths, colors)];
  if (row.isGone) return pieces.map(({ text }) => ({ text, paint: colors.dim }));
  if (!isSelected) return pieces;
  // Colours on top of the inversion are hard to read: the words say it too.
  return [{ text: cell(pieces.map(({ text }) => text).join(''), state.size.columns), paint: colors.inverse }];
}

/** With how many there are where the list does not have them all; in the first line what the columns are. */
function heading(group: Group, { isFirst, rows, state, widths, colors }: Shown): Piece[] {
  const { bold, dim } = colors;
  const here = rows.filter((row) => row.group === group).length;
  const { pending = 0, running = 0 } = state.data?.stats.counts ?? {};
  const needing = state.data?.totals.attentionCount ?? 0;
  const totals: Partial<Record<Group, number>> =
    state.filter.trim() === '' ? { 'needs-you': needing, waiting: pending, running } : {};
  const all = totals[group] ?? 0;
  const text = `${HEADINGS[group]}  ${all > here ? `${all}, ${here} shown` : here}`;
  const name = { text, paint: group === 'needs-you' ? bold : (word: string) => dim(bold(word)) };
  if (!isFirst) return [name];
  const before = 2 + widths.status + 1 + widths.name;
  return [
    { ...name, text: cell(text, before) },
    { text: columnLabels(widths), paint: dim },
  ];
}

function columnLabels({ queue, tries: triesWidth, budget }: Widths): string {
  return [
    ...(queue === 0 ? [] : [cell(LABELS.queue, queue - 1)]),
    cell(LABELS.tries, triesWidth),
    cell(LABELS.age, AGE),
    ...(budget === 0 ? [] : [cell(LABELS.budget, budget - 1)]),
    LABELS.why,
  ]
    .map((label) => ` ${label}`)
    .join('');
}

function marks({ task }: Row, isSelected: boolean, { cyan }: Colors): Piece {
  return { text: `${isSelected ? '›' : ' '}${task.unread ? '•' : ' '}`, paint: cyan };
}

function columnsOf({ task }: Row, state: BoardState, widths: Widths, colors: Colors): Piece[] {
  const { dim, yellow, red } = colors;
  const cap = nearestCap(task);
  const capPaint = cap === null || cap.share < 0.8 ? dim : cap.share < 1 ? yellow : red;
  const [, , paint] = statusLook({ status: task.state, failureKind: task.failureKind });
  return [
    { text: cell(statusText(task), widths.status), paint: colors[paint] },
    { text: ` ${cell(taskName(task), widths.name)}` },
    ...(widths.queue === 0 ? [] : [{ text: ` ${cell(task.queue, widths.queue - 1)}`, paint: dim }]),
    { text: ` ${cell(tries(task), widths.tries)}`, paint: dim },
    { text: ` ${cell(shortAge(state.nowMs - Date.parse(sinceOf(task))), AGE)}`, paint: dim },
    ...(widths.budget === 0 ? [] : [{ text: ` ${cell(cap?.text ?? '', widths.budget - 1)}`, paint: capPaint }]),
    { text: ` ${whyOf(task, state)}`, paint: task.phase === 'ended' ? undefined : dim },
  ];
}

/** What its queue is explains more than that it waits. */
function whyOf(task: Row['task'], { data, nowMs }: BoardState): string {
  const queue = data?.queues.find(({ name }) => name === task.queue);
  if (task.phase !== 'waiting-for-slot' || queue === undefined) return taskWhy(task, nowMs);
  if (queue.paused) return 'its queue is paused';
  return queue.concurrency === 0 ? 'its queue has no slots' : taskWhy(task, nowMs);
}
