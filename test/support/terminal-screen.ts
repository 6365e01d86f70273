const ESC = '\u001b';
const SEQUENCE = new RegExp(`${ESC}\\[([?0-9;]*)([A-Za-z])|([^${ESC}])`, 'gsu');
const ALTERNATE = '?1049';

interface Place {
  readonly rows: string[][];
  row: number;
  column: number;
}

/** What a person sees of a terminal: lines, and the cursor among them. Knows the few sequences that the chat and the board write. */
export class TerminalScreen {
  #place: Place = { rows: [[]], row: 0, column: 0 };
  /** What was there before the alternate screen was taken. */
  #before: Place | undefined;

  write(text: string): void {
    const parts = text.matchAll(SEQUENCE);
    for (const [, given = '', command, character] of parts) {
      if (command === undefined) this.#put(character ?? '');
      else if (given.startsWith('?')) this.#mode(given, command);
      else this.#move(command, given);
    }
  }

  get isAlternate(): boolean {
    return this.#before !== undefined;
  }

  /** All lines without what is blank at their ends; the scrollback first. */
  get lines(): string[] {
    return this.#place.rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
  }

  get text(): string {
    return this.lines.join('\n');
  }

  get cursor(): { row: number; column: number } {
    const { row, column } = this.#place;
    return { row, column };
  }

  #put(character: string): void {
    const place = this.#place;
    if (character === '\n') this.#go(place.row + 1, place.column);
    else if (character === '\r') place.column = 0;
    else {
      (place.rows[place.row] as string[])[place.column] = character;
      place.column += 1;
    }
  }

  #mode(given: string, command: string): void {
    if (given !== ALTERNATE) return;
    if (command === 'h') {
      this.#before ??= this.#place;
      this.#place = { rows: [[]], row: 0, column: 0 };
    } else if (this.#before !== undefined) {
      this.#place = this.#before;
      this.#before = undefined;
    }
  }

  #move(command: string, given: string): void {
    const place = this.#place;
    const [first = 1, second = 1] = given.split(';').map((number) => Number(number || '1'));
    const row = place.rows[place.row] as string[];
    if (command === 'A') place.row = Math.max(0, place.row - first);
    else if (command === 'C') place.column += first;
    else if (command === 'H') this.#go(first - 1, second - 1);
    else if (command === 'K') row.length = Math.min(place.column, row.length);
    else if (command === 'J' && given === '2') place.rows.splice(0, place.rows.length, ...place.rows.map(() => []));
    else if (command === 'J') {
      row.length = Math.min(place.column, row.length);
      place.rows.length = place.row + 1;
    }
  }

  #go(row: number, column: number): void {
    const { rows } = this.#place;
    while (rows.length <= row) rows.push([]);
    Object.assign(this.#place, { row, column });
  }
}
