import { assertNever } from '../../domain/assert-never.js';
import { renewed } from './board-rows.js';
import { pressKey } from './board-keys.js';
import { RELEASED } from './board-select.js';
import { noticed, quiet, scrolled, type BoardInput, type BoardState, type Step } from './board-state.js';

/** Nobody is at the keys any more: the rows may move again. */
const IDLE_MS = 60_000;

/** Pure: what an input makes of the board, and what is to be done about it. */
export function boardStep(before: BoardState, input: BoardInput): Step {
  const { state, effects } = change(before, input);
  return { state: scrolled(state), effects };
}

function change(state: BoardState, input: BoardInput): Step {
  switch (input.type) {
    case 'key':
      return pressKey({ ...state, lastKeyMs: input.atMs, nowMs: input.atMs, notice: null }, input.key);
    case 'data':
      return quiet(withData(state, input.data));
    case 'detail': {
      const isShown = state.details !== null && input.task.id === state.selected;
      return quiet(isShown ? { ...state, details: { task: input.task } } : state);
    }
    case 'lost':
      return quiet({ ...state, problem: input.message });
    case 'told':
      return quiet(noticed({ ...state, nowMs: input.atMs }, input.tone, input.text));
    case 'time':
      return quiet(passed(state, input.atMs));
    case 'size':
      return quiet({ ...state, size: { columns: input.columns, rows: input.rows } });
    default:
      return assertNever(input);
  }
}

function withData(state: BoardState, data: NonNullable<BoardState['data']>): BoardState {
  const held = state.held && renewed(state.held, data.tasks);
  return { ...state, data, held, problem: null, nowMs: Math.max(state.nowMs, data.atMs) };
}

function passed(state: BoardState, nowMs: number): BoardState {
  const notice = state.notice !== null && nowMs < state.notice.untilMs ? state.notice : null;
  // Only where nobody reads or is asked anything.
  const isIdle = nowMs - state.lastKeyMs > IDLE_MS && state.details === null && state.mode.kind === 'list';
  return { ...state, nowMs, notice, ...(isIdle && RELEASED) };
}
