import type { Screen } from './screen.js';

/** Texts that come in pieces and then once more whole: shows each word once, as soon as it is there. */
export class StreamedText {
  readonly #shown = new Map<string, string>();
  #current: string | null = null;

  constructor(private readonly screen: Screen) {}

  /** `text` is safe to show; `style` puts colors around it. */
  piece(itemId: string, text: string, style: (text: string) => string): void {
    if (this.#current !== itemId) this.screen.freshLine();
    this.#current = itemId;
    this.#shown.set(itemId, (this.#shown.get(itemId) ?? '') + text);
    this.screen.piece(text, style);
  }

  /** Something else is shown now. */
  breakOff(): void {
    if (this.#current !== null) this.screen.freshLine();
    this.#current = null;
  }

  whole(itemId: string, text: string, style: (text: string) => string): void {
    const shown = this.#shown.get(itemId) ?? '';
    this.#shown.delete(itemId);
    const isGoingOn = shown !== '' && this.#current === itemId && text.startsWith(shown);
    if (isGoingOn) this.screen.piece(text.slice(shown.length), style);
    else if (shown !== text) this.screen.data(style(text));
    this.screen.freshLine();
    this.#current = null;
  }
}
