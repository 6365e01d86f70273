import type { Colors } from '../output.js';
import { footerLine } from './board-footer.js';
import { headerLines } from './board-header.js';
import { listScreen } from './board-list.js';
import { heights, type BoardState } from './board-state.js';
import { detailsPane } from './details-pane.js';

/** What a person sees: as many lines as the terminal has, none wider than it. Pure. */
export function boardScreen(state: BoardState, colors: Colors, program: string): string[] {
  const { list, pane } = heights(state);
  const lines = [
    ...headerLines(state, colors),
    ...filled(listScreen(state, list, colors), list),
    ...(pane === 0 ? [] : filled(detailsPane(state, pane, colors, program), pane)),
    footerLine(state, colors),
  ];
  // Of a terminal too low for all of it what is at the top.
  return lines.slice(0, state.size.rows);
}

function filled(lines: readonly string[], height: number): string[] {
  return Array.from({ length: height }, (_, index) => lines[index] ?? '');
}
