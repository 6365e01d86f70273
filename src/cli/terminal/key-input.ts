import { KeyReader, type Key } from './keys.js';

/** What of a terminal is read from. */
export interface TerminalInput {
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (bytes: Buffer) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** The rest of a sequence follows an Escape faster than any finger could. */
const ESCAPE_WAIT_MS = 40;
const BRACKETED_PASTE = { on: '\u001b[?2004h', off: '\u001b[?2004l' };

/** The keyboard in raw mode, from `open` to `close`: a program that ends in between would leave the terminal unusable. */
export class KeyInput {
  readonly #reader = new KeyReader();
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(
    private readonly input: TerminalInput,
    private readonly output: { write(text: string): unknown },
    private readonly listeners: { onKey: (key: Key) => void; onEnd: () => void },
  ) {}

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.input.setRawMode(true);
    this.output.write(BRACKETED_PASTE.on);
    this.input.on('data', this.#onData);
    this.input.on('end', this.listeners.onEnd);
    this.input.resume();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.input.off('data', this.#onData);
    this.input.off('end', this.listeners.onEnd);
    this.output.write(BRACKETED_PASTE.off);
    this.input.setRawMode(false);
    this.input.pause();
  }

  readonly #onData = (bytes: Buffer): void => {
    clearTimeout(this.#timer);
    this.#tell(this.#reader.read(bytes));
    if (this.#reader.isWaiting) this.#timer = setTimeout(() => this.#tell(this.#reader.flush()), ESCAPE_WAIT_MS);
  };

  #tell(keys: readonly Key[]): void {
    for (const key of keys) this.listeners.onKey(key);
  }
}
