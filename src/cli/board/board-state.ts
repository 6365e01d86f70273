import type { QueueCommander, QueueRecord, QueueStats } from '../../contract/queue.js';
import type { TaskDetail, TaskSummary } from '../../contract/task.js';
import type { Draft } from '../terminal/draft.js';
import type { Key } from '../terminal/keys.js';
import { matches, rowsOf, type Row } from './board-rows.js';

/** What the manager told, all at one time. */
export interface BoardData {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly stats: QueueStats;
  readonly totals: Pick<QueueCommander, 'attentionCount' | 'unreadCount' | 'activeSessionCount'>;
  /** Of which there may be more: only so many are asked for. Each once. */
  readonly tasks: readonly TaskSummary[];
  readonly queues: readonly QueueRecord[];
}

/** All that the board knows; everything it shows follows from it. Times in milliseconds since the epoch. */
export interface BoardState {
  /** Null: all of them. */
  readonly queue: string | null;
  readonly size: { readonly columns: number; readonly rows: number };
  readonly nowMs: number;
  readonly data: BoardData | null;
  /** Why there is nothing newer. */
  readonly problem: string | null;
  readonly selected: string | null;
  /** While something is selected no row moves: these are the rows then. */
  readonly held: readonly Row[] | null;
  /** The first line of the list that is shown, headings counted. */
  readonly top: number;
  readonly filter: string;
  readonly mode: Mode;
  /** The pane below the list; the task is null until it is known. */
  readonly details: { readonly task: TaskDetail | null } | null;
  readonly notice: { readonly tone: Tone; readonly text: string; readonly untilMs: number } | null;
  readonly lastKeyMs: number;
}

export type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'filter'; readonly draft: Draft }
  /** `y` does it, any other key does not. */
  | { readonly kind: 'ask'; readonly question: string; readonly effect: BoardEffect };

export type Tone = 'good' | 'warn' | 'bad';

export type BoardInput =
  | { readonly type: 'key'; readonly key: Key; readonly atMs: number }
  | { readonly type: 'data'; readonly data: BoardData }
  | { readonly type: 'detail'; readonly task: TaskDetail }
  | { readonly type: 'lost'; readonly message: string }
  /** What came of an effect. */
  | { readonly type: 'told'; readonly tone: Tone; readonly text: string; readonly atMs: number }
  | { readonly type: 'time'; readonly atMs: number }
  | { readonly type: 'size'; readonly columns: number; readonly rows: number };

export type BoardEffect =
  | { readonly do: 'dispatch' | 'cancel' | 'read'; readonly task: TaskSummary }
  | { readonly do: 'pause'; readonly queue: string; readonly paused: boolean }
  /** Whose details are shown; null: nobody's. */
  | { readonly do: 'watch'; readonly taskId: string | null }
  | { readonly do: 'leave' | 'suspend' | 'redraw' };

export interface Step {
  readonly state: BoardState;
  readonly effects: readonly BoardEffect[];
}

/** A step after which there is nothing to do. */
export function quiet(state: BoardState): Step {
  return { state, effects: [] };
}

const NOTICE_MS = 5_000;

/** Says something in the last line, for a while. */
export function noticed(state: BoardState, tone: Tone, text: string): BoardState {
  return { ...state, notice: { tone, text, untilMs: state.nowMs + NOTICE_MS } };
}

export function firstState(queue: string | null, nowMs: number): BoardState {
  return {
    queue,
    size: { columns: 80, rows: 24 },
    nowMs,
    data: null,
    problem: null,
    selected: null,
    held: null,
    top: 0,
    filter: '',
    mode: { kind: 'list' },
    details: null,
    notice: null,
    lastKeyMs: nowMs,
  };
}

export function shownRows({ held, data, filter }: BoardState): readonly Row[] {
  const rows = held ?? rowsOf(data?.tasks ?? []);
  return filter.trim() === '' ? rows : rows.filter((row) => matches(row, filter.trim()));
}

export function selectedRow(state: BoardState): Row | undefined {
  return state.selected === null ? undefined : shownRows(state).find(({ task }) => task.id === state.selected);
}

/** What is older than this is said to be. */
const STALE_MS = 4_000;

export function isStale({ data, nowMs }: BoardState): boolean {
  return data !== null && nowMs - data.atMs > STALE_MS;
}

/** A line of the list: the heading of a group, a task, or nothing. */
export type ListLine = { readonly heading: Row['group'] } | { readonly row: Row } | 'blank';

/** Groups are set apart where all of it fits all the same. */
export function listLines(rows: readonly Row[], height: number): ListLine[] {
  const starts = rows.flatMap((row, index) => (row.group === rows[index - 1]?.group ? [] : [index]));
  const isRoomy = rows.length + 2 * starts.length - 1 <= height;
  return rows.flatMap((row, index): ListLine[] => {
    if (!starts.includes(index)) return [{ row }];
    return [...(isRoomy && index > 0 ? (['blank'] as const) : []), { heading: row.group }, { row }];
  });
}

/** Two lines above the list, one below it. */
const FRAME_LINES = 3;
const SMALLEST_LIST = 4;
const PANE_SHARE = 0.65;

/** How many lines list and pane have; the pane with the line that parts them. */
export function heights({ size, details }: BoardState): { readonly list: number; readonly pane: number } {
  const all = Math.max(1, size.rows - FRAME_LINES);
  if (details === null || all < SMALLEST_LIST + 3) return { list: all, pane: 0 };
  const pane = Math.min(Math.ceil(all * PANE_SHARE), all - SMALLEST_LIST);
  return { list: all - pane, pane };
}

/** The selected row stays in sight, moved as little as that takes; its heading too where it is the first of its group. */
export function scrolled(state: BoardState): BoardState {
  const { list } = heights(state);
  const lines = listLines(shownRows(state), list);
  const isSelected = (line: ListLine) => line !== 'blank' && 'row' in line && line.row.task.id === state.selected;
  const at = lines.findIndex(isSelected);
  const last = Math.max(0, lines.length - list);
  const before = lines[at - 1];
  const from = before !== undefined && before !== 'blank' && 'heading' in before ? at - 1 : at;
  const wanted = at === -1 ? state.top : Math.max(at - list + 1, Math.min(state.top, from));
  const top = Math.max(0, Math.min(last, wanted));
  return top === state.top ? state : { ...state, top };
}
