import { stripVTControlCharacters } from 'node:util';
import { characters } from '../output.js';

/** East Asian wide and full-width characters, by code point: first and last of each block. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f|\p{Regional_Indicator}{2}/u;
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;

/** Columns that one character, as a reader counts them, takes on a terminal. */
export function characterWidth(character: string): 0 | 1 | 2 {
  if (NOTHING.test(character)) return 0;
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x300) return character.includes('\ufe0f') ? 2 : 1;
  return EMOJI.test(character) || WIDE.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}

/** Columns of a line; colours take none. */
export function textWidth(text: string): number {
  return characters(stripVTControlCharacters(text)).reduce((sum, character) => sum + characterWidth(character), 0);
}

/** A line cut to so many columns, what is left out shown by an ellipsis. */
export function fitTo(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let [fitted, width] = ['', 0];
  for (const character of characters(text)) {
    if (width + characterWidth(character) > columns - 1) break;
    fitted += character;
    width += characterWidth(character);
  }
  return `${fitted}…`;
}
