/** The events of the Responses API after which nothing is missing. */
const ENDINGS = ['response.completed', 'response.failed', 'response.incomplete'];
const LONGEST = Math.max(...ENDINGS.map((ending) => ending.length));

/**
 * Whether an answer said that it was its end: a server that dies may close a stream of events as if it were whole. Looks
 * for the word anywhere, also in what a model says; then it is not taken for a cut, and the agent's own word counts.
 */
export class EndOfAnswer {
  #tail = '';
  #wasSeen: boolean;

  constructor(contentType: string | undefined) {
    this.#wasSeen = !contentType?.startsWith('text/event-stream');
  }

  get wasSeen(): boolean {
    return this.#wasSeen;
  }

  look(chunk: Buffer): void {
    if (this.#wasSeen) return;
    const text = this.#tail + chunk.toString('latin1');
    this.#wasSeen = ENDINGS.some((ending) => text.includes(ending));
    this.#tail = text.slice(-LONGEST);
  }
}
