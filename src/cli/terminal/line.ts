import { fitTo, textWidth } from './text-width.js';

/** A part of a line: text without sequences, cut before it is painted. */
export interface Piece {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Pieces beside each other on one line of a terminal; what has no room is left out, an ellipsis in its place. Pure. */
export function lineOf(pieces: readonly Piece[], columns: number): string {
  let room = columns;
  let line = '';
  for (const { text, paint = same } of pieces) {
    const fitted = room <= 0 ? '' : fitTo(text, room);
    room -= textWidth(fitted);
    line += fitted === '' ? '' : paint(fitted);
    if (fitted !== text) break;
  }
  return line;
}

/** The right pieces at the line's end; they win where there is room for one side only. */
export function spread(left: readonly Piece[], right: readonly Piece[], columns: number): string {
  const rightWidth = widthOf(right);
  const leftRoom = columns - rightWidth - 2;
  if (leftRoom < 0) return lineOf(right, columns);
  const gap = columns - rightWidth - Math.min(widthOf(left), leftRoom);
  return `${lineOf(left, leftRoom)}${' '.repeat(gap)}${lineOf(right, rightWidth)}`;
}

/** Exactly so many columns wide. */
export function cell(text: string, width: number): string {
  const fitted = fitTo(text, width);
  return fitted + ' '.repeat(Math.max(0, width - textWidth(fitted)));
}

function widthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + textWidth(text), 0);
}

function same(text: string): string {
  return text;
}
