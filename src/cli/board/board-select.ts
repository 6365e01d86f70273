import { rowsOf } from './board-rows.js';
import { quiet, shownRows, type BoardState, type Step } from './board-state.js';

/** Pure: what is selected. From the first selection on the rows stay where they are, until nothing is selected any more. */

export const RELEASED = { selected: null, held: null } as const;

/** By so many rows, and not beyond the first and the last. */
export function move(state: BoardState, by: number): Step {
  const rows = shownRows(state);
  if (rows.length === 0) return quiet(state);
  const at = rows.findIndex(({ task }) => task.id === state.selected);
  // From nowhere the first step is onto an end of the list.
  const from = at === -1 ? (by > 0 ? -1 : rows.length) : at;
  const to = Math.max(
    0,
    Math.min(rows.length - 1, at === -1 && Number.isFinite(by) ? from + Math.sign(by) : from + by),
  );
  return select(state, rows[to]?.task.id ?? null);
}

function select(state: BoardState, selected: string | null): Step {
  if (selected === state.selected) return quiet(state);
  const held = state.held ?? rowsOf(state.data?.tasks ?? []);
  const isWatching = state.details !== null;
  return {
    state: { ...state, selected, held, details: isWatching ? { task: null } : null },
    effects: isWatching ? [{ do: 'watch', taskId: selected }] : [],
  };
}

export function toggleDetails(before: BoardState): Step {
  if (before.details !== null) return closed(before);
  const { state } = before.selected === null ? move(before, 1) : quiet(before);
  if (state.selected === null) return quiet(state);
  return { state: { ...state, details: { task: null } }, effects: [{ do: 'watch', taskId: state.selected }] };
}

function closed(state: BoardState): Step {
  return { state: { ...state, details: null }, effects: [{ do: 'watch', taskId: null }] };
}

/** One thing at a time: the pane, the selection, the filter. */
export function back(state: BoardState): Step {
  if (state.details !== null) return closed(state);
  return quiet(state.selected === null ? { ...state, filter: '' } : { ...state, ...RELEASED });
}

/** The rows go where they would be; what is selected stays so where it is still told of. */
export function reorder(state: BoardState): BoardState {
  if (state.held === null) return state;
  const held = rowsOf(state.data?.tasks ?? []);
  const isThere = held.some(({ task }) => task.id === state.selected);
  return isThere ? { ...state, held } : { ...state, ...RELEASED };
}
