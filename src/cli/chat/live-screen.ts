import { layoutFooter, type FooterView } from './footer.js';

/** What of a terminal is written to. */
export interface TerminalOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const ERASE_BELOW = '\u001b[J';
const PLAIN = '\u001b[0m';
/** A line that never ends is broken here. */
const LONGEST_PARTIAL = 8_192;

/**
 * A scrollback that only grows, with a footer under it that is drawn anew: what was printed is never touched again, so that the terminal's
 * own search, copy and scrolling work on it. All that comes in one go is written at once.
 */
export class LiveScreen {
  #whole = '';
  #partial = '';
  #footer: Omit<FooterView, 'partial'> | undefined;
  #cursorRow: number | null = null;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(private readonly output: TerminalOutput) {}

  get columns(): number {
    return this.output.columns || 80;
  }

  /** Whole lines go to the scrollback; the rest of one waits in the footer for its end. */
  print(text: string): void {
    const all = this.#partial + text.replaceAll('\r\n', '\n');
    const end = all.lastIndexOf('\n') + 1;
    this.#whole += all.slice(0, end);
    this.#partial = all.slice(end);
    if (this.#partial.length > LONGEST_PARTIAL) this.print('\n');
    this.#schedule();
  }

  show(footer: Omit<FooterView, 'partial'>): void {
    this.#footer = footer;
    this.#schedule();
  }

  /** After the terminal was cleared or resized: nothing is known of what is drawn. */
  redraw({ clear }: { clear: boolean }): void {
    if (clear) this.output.write('\u001b[2J\u001b[H');
    if (clear) this.#cursorRow = null;
    this.flush();
  }

  /** Writes what waits, now. */
  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const lines = this.#whole === '' ? '' : `${this.#whole.split('\n').map(visible).join('\r\n')}${PLAIN}`;
    this.#whole = '';
    this.output.write(this.#erase() + lines + this.#draw());
  }

  /** Leaves the footer's place to whoever writes next. */
  close(): void {
    if (this.#partial !== '') this.print('\n');
    this.#footer = undefined;
    this.flush();
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  #erase(): string {
    if (this.#cursorRow === null) return '';
    const up = this.#cursorRow === 0 ? '' : `\u001b[${this.#cursorRow}A`;
    this.#cursorRow = null;
    return `\r${up}${ERASE_BELOW}`;
  }

  #draw(): string {
    if (this.#footer === undefined) return '';
    const view = { ...this.#footer, partial: visible(this.#partial) };
    const size = { columns: this.columns, rows: this.output.rows || 24 };
    const { lines, row, column } = layoutFooter(view, size);
    this.#cursorRow = row;
    const up = lines.length - 1 - row;
    const back = up === 0 ? '' : `\u001b[${up}A`;
    return `${lines.join(`${PLAIN}\r\n`)}${PLAIN}\r${back}${column === 0 ? '' : `\u001b[${column}C`}`;
  }
}

/** A line that was printed over itself, as progress is, shows what it came to. */
function visible(line: string): string {
  const text = line.replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}
