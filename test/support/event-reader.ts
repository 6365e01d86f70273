import { createParser } from 'eventsource-parser';

/** Reads a run's live events as an EventSource does: it comes back with the last id it saw when its connection breaks. */
export class EventReader {
  /** What was received, in the order in which it was. */
  readonly seqs: number[] = [];
  connections = 0;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;

  /** `hangUpAfter`: breaks the connection by itself after so many events. */
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly hangUpAfter = Infinity,
  ) {
    this.#done = this.#read();
  }

  /** Resolves when the stream said that the run has ended. */
  async ended(): Promise<void> {
    await this.#done;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #read(): Promise<void> {
    let isOver = false;
    while (!isOver && !this.#closing.signal.aborted) {
      isOver = await this.#connect().catch(() => this.#closing.signal.aborted);
    }
  }

  /** Answers whether the stream ended for good. */
  async #connect(): Promise<boolean> {
    const connection = new AbortController();
    const signal = AbortSignal.any([connection.signal, this.#closing.signal]);
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (this.seqs.length > 0) headers['last-event-id'] = String(this.seqs.at(-1));
    this.connections += 1;
    const response = await fetch(this.url, { headers, signal });
    let isOver = response.status === 204;
    let left = this.hangUpAfter;
    const parser = createParser({
      onEvent: ({ event, data }) => {
        isOver ||= event === 'end';
        // What was on its way when the connection broke is lost, as it would be.
        if (event === 'end' || left <= 0) return;
        left -= 1;
        this.seqs.push(JSON.parse(data).seq);
        if (left === 0) connection.abort();
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    return isOver;
  }
}
