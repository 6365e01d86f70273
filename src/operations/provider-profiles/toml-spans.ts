import { parse } from 'smol-toml';

/** A piece of a TOML text, by where it lies. `text` is what it says: strings without their quotes and escapes. */
export interface TomlSpan {
  readonly kind: 'comment' | 'key' | 'string' | 'bare';
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The keys that lead to it, table names first. Empty for a comment. */
  readonly path: readonly string[];
  /** Of an array's element: what the string before it says. */
  readonly previous?: string;
}

/**
 * The comments, keys and values of a TOML text in their order. For a text that a parser has taken: where this reading meets
 * something else it throws, and nothing can be said of the text.
 */
export function tomlSpans(text: string): TomlSpan[] {
  return new Scanner(text).scan();
}

const BLANKS = /[ \t]+/y;
const SPACE = /[ \t\r\n\uFEFF]+/y;
const COMMENT = /#[^\n]*/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BARE_VALUE = /[^,\]}#\r\n]+/y;
/** A multi-line string may end with up to two quotes of its own. */
const STRINGS = [
  /"""(?:[^\\]|\\[^])*?"""(?:"{1,2}(?!"))?/y,
  /'''[^]*?'''(?:'{1,2}(?!'))?/y,
  /"(?:[^"\\\r\n]|\\.)*"/y,
  /'[^'\r\n]*'/y,
] as const;

class Scanner {
  readonly #spans: TomlSpan[] = [];
  #at = 0;

  constructor(private readonly text: string) {}

  scan(): TomlSpan[] {
    let table: readonly string[] = [];
    while (this.#skip()) {
      if (this.#peek() === '[') table = this.#header();
      else this.#pair(table);
    }
    return this.#spans;
  }

  #header(): string[] {
    const brackets = this.text.startsWith('[[', this.#at) ? 2 : 1;
    this.#at += brackets;
    const path = this.#key([]);
    for (let count = 0; count < brackets; count += 1) this.#expect(']');
    return path;
  }

  #pair(table: readonly string[]): void {
    const path = this.#key(table);
    this.#expect('=');
    this.#match(BLANKS);
    this.#value(path);
  }

  #key(table: readonly string[]): string[] {
    const path = [...table];
    do {
      this.#match(BLANKS);
      const start = this.#at;
      const raw = this.#quoted() ?? this.#match(BARE_KEY) ?? this.#fail();
      const text = /^["']/.test(raw) ? stringOf(raw) : raw;
      path.push(text);
      this.#spans.push({ kind: 'key', start, end: this.#at, text, path: [...path] });
      this.#match(BLANKS);
    } while (this.#take('.'));
    return path;
  }

  /** Answers what it says, where it is a string. */
  #value(path: readonly string[], previous?: string): string | undefined {
    if (this.#take('[')) this.#array(path);
    else if (this.#take('{')) this.#inlineTable(path);
    else return this.#scalar(path, previous);
    return undefined;
  }

  #scalar(path: readonly string[], previous: string | undefined): string | undefined {
    const start = this.#at;
    const quoted = this.#quoted();
    const raw = quoted ?? this.#match(BARE_VALUE)?.trimEnd() ?? this.#fail();
    this.#at = start + raw.length;
    const text = quoted === undefined ? raw : stringOf(raw);
    const kind = quoted === undefined ? 'bare' : 'string';
    this.#spans.push({ kind, start, end: this.#at, text, path, ...(previous !== undefined && { previous }) });
    return quoted === undefined ? undefined : text;
  }

  #array(path: readonly string[]): void {
    let previous: string | undefined;
    while (this.#skip() && !this.#take(']')) {
      previous = this.#value(path, previous);
      this.#skip();
      this.#take(',');
    }
  }

  #inlineTable(path: readonly string[]): void {
    while (this.#skip() && !this.#take('}')) {
      this.#pair(path);
      this.#skip();
      this.#take(',');
    }
  }

  #quoted(): string | undefined {
    if (!/["']/.test(this.#peek())) return undefined;
    for (const form of STRINGS) {
      const raw = this.#match(form);
      if (raw !== undefined) return raw;
    }
    return this.#fail();
  }

  /** Over blanks, line ends and comments; false at the end of the text. */
  #skip(): boolean {
    for (;;) {
      this.#match(SPACE);
      const start = this.#at;
      const comment = this.#match(COMMENT)?.trimEnd();
      if (comment === undefined) return this.#at < this.text.length;
      this.#spans.push({ kind: 'comment', start, end: start + comment.length, text: comment, path: [] });
    }
  }

  #peek(): string {
    return this.text[this.#at] ?? '';
  }

  #take(character: string): boolean {
    const found = this.#peek() === character;
    if (found) this.#at += 1;
    return found;
  }

  #expect(character: string): void {
    this.#match(BLANKS);
    if (!this.#take(character)) this.#fail();
  }

  /** The forms are sticky: they match here or not at all. */
  #match(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const [found] = form.exec(this.text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(): never {
    throw new Error(`TOML that is not understood at character ${this.#at}`);
  }
}

function stringOf(raw: string): string {
  const { text } = parse(`text = ${raw}`);
  return typeof text === 'string' ? text : '';
}
