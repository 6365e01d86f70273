/** What of a terminal is written to. */
export interface ScreenOutput {
  write(text: string): unknown;
}

const ESC = '\u001b';
const PLAIN = `${ESC}[0m`;
/** The alternate screen, without a cursor, and without lines that go on in the next one. */
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l`;
const LEAVE = `${PLAIN}${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;

/**
 * The whole terminal, drawn line by line where a line has changed: nothing flickers, and little is sent. From `open` to `close`; whatever
 * ends the program in between, the terminal is the shell's again.
 */
export class FullScreen {
  #drawn: readonly string[] = [];
  #isOpen = false;

  constructor(private readonly output: ScreenOutput) {}

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    process.on('exit', this.#onExit);
    this.output.write(ENTER);
    this.#drawn = [];
  }

  /** Lines that each fit the terminal's width. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const changed = lines.flatMap((line, row) =>
      line === this.#drawn[row] ? [] : [`${ESC}[${row + 1};1H${line}${PLAIN}${ESC}[K`],
    );
    if (lines.length < this.#drawn.length) changed.push(`${ESC}[${lines.length + 1};1H${ESC}[J`);
    this.#drawn = lines;
    if (changed.length > 0) this.output.write(changed.join(''));
  }

  /** Nothing is known of what is shown: the next lines are all drawn. */
  forget(): void {
    if (this.#isOpen) this.output.write(`${ESC}[2J`);
    this.#drawn = [];
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#onExit);
    this.output.write(LEAVE);
  }

  readonly #onExit = (): void => this.close();
}
