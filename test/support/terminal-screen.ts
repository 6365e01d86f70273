const ESC = '\u001b';
const SEQUENCE = new RegExp(`${ESC}\\[([?0-9;]*)([A-Za-z])|([^${ESC}])`, 'gsu');

/** What a person sees of a terminal: lines, and the cursor among them. Knows the few sequences that a chat writes. */
export class TerminalScreen {
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  write(text: string): void {
    const parts = text.matchAll(SEQUENCE);
    for (const [, given = '', command, character] of parts) {
      if (command === undefined) this.#put(character ?? '');
      else this.#move(command, Number(given || '1'));
    }
  }

  /** All lines without what is blank at their ends; the scrollback first. */
  get lines(): string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
  }

  get text(): string {
    return this.lines.join('\n');
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  #put(character: string): void {
    if (character === '\n') {
      this.#row += 1;
      this.#rows[this.#row] ??= [];
    } else if (character === '\r') this.#column = 0;
    else {
      (this.#rows[this.#row] as string[])[this.#column] = character;
      this.#column += 1;
    }
  }

  #move(command: string, by: number): void {
    if (command === 'A') this.#row = Math.max(0, this.#row - by);
    else if (command === 'C') this.#column += by;
    else if (command === 'J') {
      (this.#rows[this.#row] as string[]).length = Math.min(this.#column, (this.#rows[this.#row] as string[]).length);
      this.#rows.length = this.#row + 1;
    }
  }
}
