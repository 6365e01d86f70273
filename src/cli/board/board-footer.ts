import type { Colors } from '../output.js';
import { lineOf, type Piece } from '../terminal/line.js';
import type { BoardState } from './board-state.js';

/** The last line: what is asked or typed, else what came of it, else the keys. Pure. */
export function footerLine(state: BoardState, colors: Colors): string {
  return lineOf(piecesOf(state, colors), state.size.columns);
}

function piecesOf({ mode, notice, details }: BoardState, colors: Colors): Piece[] {
  const { bold, yellow, dim, cyan } = colors;
  if (mode.kind === 'ask')
    return [
      { text: mode.question, paint: bold },
      { text: '  y/n', paint: yellow },
    ];
  if (mode.kind === 'filter') {
    const { characters, cursor } = mode.draft;
    const [before, after] = [characters.slice(0, cursor).join(''), characters.slice(cursor).join('')];
    return [
      { text: '/', paint: cyan },
      { text: `${before}▏${after}` },
      { text: '  Enter keeps it, Esc takes it away', paint: dim },
    ];
  }
  if (notice !== null)
    return [{ text: notice.text, paint: { good: colors.green, warn: yellow, bad: colors.red }[notice.tone] }];
  return keys(details !== null).flatMap(([key, does], index) => [
    { text: index === 0 ? key : `  ${key}`, paint: cyan },
    { text: ` ${does}`, paint: dim },
  ]);
}

/** Together as wide as the narrowest terminal. */
function keys(isOpen: boolean): [key: string, does: string][] {
  return [
    ['j k', 'move'],
    ['enter', isOpen ? 'close' : 'details'],
    ['d', 'dispatch'],
    ['c', 'cancel'],
    ['r', 'read'],
    ['p', 'pause'],
    ['/', 'filter'],
    ['q', 'quit'],
  ];
}
