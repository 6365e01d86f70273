import { draftOf, edit, insert, textOf, type Draft } from '../terminal/draft.js';
import type { Key } from '../terminal/keys.js';
import { askToCancel, dispatch, markRead, pauseOrResume } from './board-actions.js';
import { back, move, reorder, toggleDetails } from './board-select.js';
import { heights, quiet, type BoardEffect, type BoardState, type Step } from './board-state.js';

/** Pure: what a key does to the board. */
export function pressKey(state: BoardState, key: Key): Step {
  if (key.kind === 'interrupt') return { state, effects: [{ do: 'leave' }] };
  if (key.kind === 'redraw' || key.kind === 'suspend') return { state, effects: [{ do: key.kind }] };
  return pressIn(state, key);
}

type BoardKey = Exclude<Key, { kind: 'interrupt' | 'redraw' | 'suspend' }>;

function pressIn(state: BoardState, key: BoardKey): Step {
  switch (state.mode.kind) {
    case 'ask':
      return answer(state, state.mode.effect, key);
    case 'filter':
      return quiet(typeFilter(state, state.mode.draft, key));
    case 'list':
      return pressInList(state, key);
  }
}

function answer(state: BoardState, effect: BoardEffect, key: Key): Step {
  const isYes = key.kind === 'text' && key.text.toLowerCase() === 'y';
  return { state: { ...state, mode: { kind: 'list' } }, effects: isYes ? [effect] : [] };
}

function pressInList(state: BoardState, key: BoardKey): Step {
  const page = Math.max(1, heights(state).list - 2);
  switch (key.kind) {
    case 'up':
      return move(state, -1);
    case 'down':
      return move(state, 1);
    case 'page-up':
      return move(state, -page);
    case 'page-down':
      return move(state, page);
    case 'enter':
      return toggleDetails(state);
    case 'escape':
      return back(state);
    case 'end-of-input':
      return { state, effects: [{ do: 'leave' }] };
    case 'edit':
      return key.edit === 'start' || key.edit === 'end'
        ? move(state, key.edit === 'start' ? -Infinity : Infinity)
        : quiet(state);
    case 'text':
      return letters(state, key.text);
    // Whatever is in a clipboard must not press keys.
    case 'paste':
    case 'newline':
      return quiet(state);
  }
}

/** Typed fast, several arrive as one. */
function letters(before: BoardState, text: string): Step {
  let [state, effects]: [BoardState, readonly BoardEffect[]] = [before, []];
  for (const letter of text) {
    const step =
      state.mode.kind === 'list' ? pressLetter(state, letter) : pressIn(state, { kind: 'text', text: letter });
    [state, effects] = [step.state, [...effects, ...step.effects]];
  }
  return { state, effects };
}

function pressLetter(state: BoardState, letter: string): Step {
  switch (letter) {
    case 'j':
      return move(state, 1);
    case 'k':
      return move(state, -1);
    case 'g':
      return move(state, -Infinity);
    case 'G':
      return move(state, Infinity);
    case 'o':
      return quiet(reorder(state));
    case '/':
      return quiet({ ...state, mode: { kind: 'filter', draft: draftOf(state.filter) } });
    case 'd':
      return dispatch(state);
    case 'c':
      return askToCancel(state);
    case 'r':
      return markRead(state);
    case 'p':
      return pauseOrResume(state);
    case 'q':
      return { state, effects: [{ do: 'leave' }] };
    default:
      return quiet(state);
  }
}

/** Filters while it is typed; Enter keeps the filter, Escape takes it away. */
function typeFilter(state: BoardState, draft: Draft, key: BoardKey): BoardState {
  if (key.kind === 'text' || key.kind === 'paste') {
    return filtering(state, insert(draft, key.text.replaceAll('\n', ' ')));
  }
  if (key.kind === 'edit') return filtering(state, edit(draft, key.edit));
  if (key.kind === 'escape') return { ...state, mode: { kind: 'list' }, filter: '' };
  return key.kind === 'enter' ? { ...state, mode: { kind: 'list' } } : state;
}

function filtering(state: BoardState, draft: Draft): BoardState {
  return { ...state, mode: { kind: 'filter', draft }, filter: textOf(draft) };
}
