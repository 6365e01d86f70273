import { characters } from '../output.js';

/** What is being typed: characters as a reader counts them, and the cursor among them. Pure: an edit answers a new draft. */
export interface Draft {
  readonly characters: readonly string[];
  readonly cursor: number;
}

export const EMPTY_DRAFT: Draft = { characters: [], cursor: 0 };

export function draftOf(text: string): Draft {
  const all = characters(text);
  return { characters: all, cursor: all.length };
}

export function textOf(draft: Draft): string {
  return draft.characters.join('');
}

export type Edit =
  | 'left'
  | 'right'
  | 'start'
  | 'end'
  | 'backspace'
  | 'delete'
  | 'word-left'
  | 'word-right'
  | 'erase-word'
  | 'erase-before'
  | 'erase-after';

/** Put together anew, since what follows may belong to the character before it: an accent, a skin tone. */
export function insert(draft: Draft, text: string): Draft {
  const before = characters(draft.characters.slice(0, draft.cursor).join('') + text);
  return { characters: [...before, ...draft.characters.slice(draft.cursor)], cursor: before.length };
}

export function edit(draft: Draft, how: Edit): Draft {
  const { cursor } = draft;
  const { length } = draft.characters;
  switch (how) {
    case 'left':
      return at(draft, cursor - 1);
    case 'right':
      return at(draft, cursor + 1);
    case 'start':
      return at(draft, lineStart(draft));
    case 'end':
      return at(draft, lineEnd(draft));
    case 'word-left':
      return at(draft, wordStart(draft));
    case 'word-right':
      return at(draft, wordEnd(draft));
    case 'backspace':
      return without(draft, cursor - 1, cursor);
    case 'delete':
      return without(draft, cursor, Math.min(length, cursor + 1));
    case 'erase-word':
      return without(draft, wordStart(draft), cursor);
    case 'erase-before':
      return without(draft, lineStart(draft), cursor);
    case 'erase-after':
      return without(draft, cursor, lineEnd(draft));
  }
}

function at(draft: Draft, cursor: number): Draft {
  return { ...draft, cursor: Math.max(0, Math.min(draft.characters.length, cursor)) };
}

function without(draft: Draft, from: number, to: number): Draft {
  if (from < 0) return draft;
  return { characters: [...draft.characters.slice(0, from), ...draft.characters.slice(to)], cursor: from };
}

function lineStart({ characters: all, cursor }: Draft): number {
  // From the end, a negative index would count.
  return cursor === 0 ? 0 : all.lastIndexOf('\n', cursor - 1) + 1;
}

function lineEnd({ characters: all, cursor }: Draft): number {
  const end = all.indexOf('\n', cursor);
  return end === -1 ? all.length : end;
}

function wordStart({ characters: all, cursor }: Draft): number {
  let at = cursor;
  while (at > 0 && isBlank(all[at - 1])) at -= 1;
  while (at > 0 && !isBlank(all[at - 1])) at -= 1;
  return at;
}

function wordEnd({ characters: all, cursor }: Draft): number {
  let at = cursor;
  while (at < all.length && isBlank(all[at])) at += 1;
  while (at < all.length && !isBlank(all[at])) at += 1;
  return at;
}

function isBlank(character: string | undefined): boolean {
  return character === undefined || /^\s$/.test(character);
}
