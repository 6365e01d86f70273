import type { Draft } from '../terminal/draft.js';
import { characterWidth, fitTo, textWidth } from '../terminal/text-width.js';

export interface FooterView {
  /** What was printed last and is not a whole line yet. */
  readonly partial: string;
  readonly status: string;
  readonly label: string;
  readonly draft: Draft;
}

/** Lines that each fit on one row of the terminal, and where among them the cursor stands; both from 0. */
export interface FooterLayout {
  readonly lines: readonly string[];
  readonly row: number;
  readonly column: number;
}

/** Pure. The last column stays free: terminals do not agree on where the cursor is after it. */
export function layoutFooter(view: FooterView, { columns, rows }: { columns: number; rows: number }): FooterLayout {
  const room = Math.max(8, columns - 1);
  const above = [...(view.partial === '' ? [] : [fitTo(view.partial, room)]), fitTo(view.status, room)];
  const draft = wrapDraft(view, room);
  // Of a long draft what is around the cursor.
  const height = Math.max(1, rows - above.length - 1);
  const first = Math.max(0, Math.min(draft.row - Math.floor(height / 2), draft.lines.length - height));
  const lines = draft.lines.slice(first, first + height);
  return { lines: [...above, ...lines], row: above.length + draft.row - first, column: draft.column };
}

function wrapDraft({ label, draft }: FooterView, room: number): FooterLayout {
  const indent = Math.min(textWidth(label) + 1, Math.floor(room / 2));
  const lines: string[] = [];
  let [line, width] = [`${label} `, textWidth(label) + 1];
  let place = { row: 0, column: width };
  const breakLine = () => {
    lines.push(line);
    [line, width] = [' '.repeat(indent), indent];
  };
  draft.characters.forEach((character, index) => {
    const taken = characterWidth(character);
    if (character !== '\n' && width + taken > room) breakLine();
    if (index === draft.cursor) place = { row: lines.length, column: width };
    if (character === '\n') return breakLine();
    line += character;
    width += taken;
  });
  if (draft.cursor === draft.characters.length) {
    if (width >= room) breakLine();
    place = { row: lines.length, column: width };
  }
  return { lines: [...lines, line], ...place };
}
