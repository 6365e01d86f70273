import { StringDecoder } from 'node:string_decoder';
import type { Edit } from './draft.js';

/** What changes the draft alone. */
export type DraftKey =
  | { readonly kind: 'text'; readonly text: string }
  /** One message, however many lines it has. */
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'edit'; readonly edit: Edit }
  | { readonly kind: 'newline' | 'up' | 'down' };

export type Key = DraftKey | CommandKey;

/** What a program does something for. */
type CommandKey =
  | { readonly kind: 'enter' | 'escape' | 'end-of-input' | 'page-up' | 'page-down' }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'suspend' };

const DRAFT_KEYS: ReadonlySet<Key['kind']> = new Set(['text', 'paste', 'edit', 'newline', 'up', 'down'] as const);

export function isDraftKey(key: Key): key is DraftKey {
  return DRAFT_KEYS.has(key.kind);
}

const PASTE = { begin: '\u001b[200~', end: '\u001b[201~' };

const edits = (names: Record<string, Edit>): [string, Key][] =>
  Object.entries(names).map(([code, edit]) => [code, { kind: 'edit', edit }]);

const KEYS = new Map<string, Key>([
  ['\r', { kind: 'enter' }],
  ['\n', { kind: 'newline' }],
  ['\u001b\r', { kind: 'newline' }],
  ['\u0003', { kind: 'interrupt' }],
  ['\u0004', { kind: 'end-of-input' }],
  ['\u000c', { kind: 'redraw' }],
  ['\u001a', { kind: 'suspend' }],
  ...['[A', 'OA'].map((code): [string, Key] => [`\u001b${code}`, { kind: 'up' }]),
  ...['[B', 'OB'].map((code): [string, Key] => [`\u001b${code}`, { kind: 'down' }]),
  ['\u001b[5~', { kind: 'page-up' }],
  ['\u001b[6~', { kind: 'page-down' }],
  ...edits({ '\u007f': 'backspace', '\b': 'backspace', '\u0001': 'start', '\u0005': 'end', '\u000b': 'erase-after' }),
  ...edits({ '\u0015': 'erase-before', '\u0017': 'erase-word', '\u001b\u007f': 'erase-word' }),
  ...edits({ '\u001b[D': 'left', '\u001bOD': 'left', '\u001b[C': 'right', '\u001bOC': 'right', '\u001b[3~': 'delete' }),
  ...edits({ '\u0002': 'left', '\u0006': 'right' }),
  ...edits({ '\u001b[H': 'start', '\u001bOH': 'start', '\u001b[1~': 'start', '\u001b[F': 'end', '\u001bOF': 'end' }),
  ...edits({ '\u001b[4~': 'end', '\u001bb': 'word-left', '\u001bf': 'word-right' }),
  ...edits({
    '\u001b[1;5D': 'word-left',
    '\u001b[1;5C': 'word-right',
    '\u001b[1;3D': 'word-left',
    '\u001b[1;3C': 'word-right',
  }),
]);

const ESC = '\u001b';
/** Sequences of a terminal: CSI and SS3 whole, or Escape with the one character that Alt sends with it. */
const SEQUENCE = new RegExp(`^${ESC}(?:\\[[0-9:;<=>?]*[ -/]*[@-~]|O[A-Za-z]|[^\\[O${ESC}])`, 'u');
const UNFINISHED = new RegExp(`^${ESC}(?:\\[[0-9:;<=>?]*[ -/]*|O)?$`, 'u');
const CONTROL_BUT_LINE_END = /(?!\n)\p{Cc}/gu;
const PLAIN = /^\P{Cc}+/u;

/**
 * Bytes of a terminal to keys. What may go on with the next bytes (a sequence, a paste, a character cut in two) waits for them; call
 * `flush` when none came for a while: an Escape that nothing follows is the key.
 */
export class KeyReader {
  #rest = '';
  readonly #decoder = new StringDecoder('utf8');

  read(bytes: Buffer): Key[] {
    this.#rest += this.#decoder.write(bytes);
    const keys: Key[] = [];
    for (let key = this.#next(); key !== undefined; key = this.#next()) keys.push(...key);
    return asPaste(keys);
  }

  /** True while an Escape waits to be told from the beginning of a sequence. */
  get isWaiting(): boolean {
    return this.#rest !== '' && !this.#rest.startsWith(PASTE.begin);
  }

  flush(): Key[] {
    if (!this.isWaiting) return [];
    const escapes = this.#rest.split(ESC).length - 1;
    this.#rest = '';
    return Array.from({ length: escapes }, () => ({ kind: 'escape' }));
  }

  /** The keys that the text begins with; undefined when it has to go on first. */
  #next(): Key[] | undefined {
    const text = this.#rest;
    if (text === '') return undefined;
    if (text.startsWith(PASTE.begin)) return this.#paste();
    if (text.startsWith(ESC)) return this.#escaped();
    const plain = PLAIN.exec(text)?.[0];
    this.#rest = text.slice(plain?.length ?? 1);
    if (plain !== undefined) return [{ kind: 'text', text: plain }];
    const known = KEYS.get(text.slice(0, 1));
    return known === undefined ? [] : [known];
  }

  #paste(): Key[] | undefined {
    const end = this.#rest.indexOf(PASTE.end);
    if (end === -1) return undefined;
    const text = this.#rest.slice(PASTE.begin.length, end);
    this.#rest = this.#rest.slice(end + PASTE.end.length);
    return [{ kind: 'paste', text: pasted(text) }];
  }

  #escaped(): Key[] | undefined {
    const text = this.#rest;
    // Two in a row: the first is the key.
    if (text.startsWith(ESC + ESC)) {
      this.#rest = text.slice(1);
      return [{ kind: 'escape' }];
    }
    if (UNFINISHED.test(text)) return undefined;
    const sequence = SEQUENCE.exec(text)?.[0] ?? text.slice(0, 1);
    this.#rest = text.slice(sequence.length);
    const known = KEYS.get(sequence);
    return known === undefined ? [] : [known];
  }
}

function pasted(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll('\t', '    ').replaceAll(CONTROL_BUT_LINE_END, '');
}

/** A terminal without bracketed paste sends its lines at once, which no typing does: only an Enter at the end is one. */
function asPaste(keys: Key[]): Key[] {
  const last = keys.findLastIndex(({ kind }) => kind === 'text');
  const first = keys.findIndex(({ kind }) => kind === 'text');
  const within = keys.slice(first, last + 1);
  if (!within.every(({ kind }) => kind === 'text' || kind === 'enter' || kind === 'newline')) return keys;
  const isPaste = within.some(({ kind }) => kind !== 'text');
  if (!isPaste) return keys;
  const text = within.map((key) => (key.kind === 'text' ? key.text : '\n')).join('');
  return [...keys.slice(0, first), { kind: 'paste', text }, ...keys.slice(last + 1)];
}
