import type { Output } from './output.js';
import { terminalSafe } from './output.js';

/**
 * The program's two streams together: data on standard output, what is said about it on standard error. Keeps raw output, which may
 * stop in the middle of a line, apart from lines of ours.
 */
export class Screen {
  #isMidLine = false;

  constructor(
    readonly out: Output,
    readonly err: Output,
  ) {}

  /** What an agent or a command printed, as it came; a terminal is kept safe from it. */
  raw(text: string): void {
    const shown = this.out.isTerminal ? terminalSafe(text) : text;
    if (shown === '') return;
    this.out.write(shown);
    this.#isMidLine = !shown.endsWith('\n');
  }

  /** A part of a line, safe to show, in its style. */
  piece(text: string, style: (text: string) => string): void {
    if (text === '') return;
    this.out.write(style(text));
    this.#isMidLine = !text.endsWith('\n');
  }

  /** Lines of data. */
  data(text: string): void {
    this.freshLine();
    this.out.write(`${text}\n`);
  }

  /** A line about the data. */
  note(text: string): void {
    if (this.out.isTerminal && this.err.isTerminal) this.freshLine();
    this.err.write(`${text}\n`);
  }

  /** A line for a person who looks on; a script has no use for it. */
  hint(text: string): void {
    if (this.err.isTerminal) this.note(text);
  }

  freshLine(): void {
    if (this.#isMidLine) this.out.write('\n');
    this.#isMidLine = false;
  }
}
