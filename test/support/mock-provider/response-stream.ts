import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Item, ReceivedRequest, TokenUsage } from './wire.js';

const USAGE: TokenUsage = { input: 100, cachedInput: 40, output: 20, reasoning: 5 };

/** One answer of the Responses API, event by event. What is written after the agent has left goes nowhere. */
export class ResponseStream {
  readonly id = `resp_${randomUUID()}`;
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  #items = 0;

  constructor(
    readonly request: ReceivedRequest,
    readonly outgoing: ServerResponse,
  ) {
    this.closed = new Promise((resolve) => outgoing.once('close', resolve));
  }

  /** Sends the headers and the first event. */
  begin(): void {
    this.outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    this.event('response.created', { response: { id: this.id, status: 'in_progress', output: [] } });
  }

  /** A whole item, as the model finished it. */
  item(item: Item): void {
    const index = this.openItem(item);
    this.closeItem(index, item);
  }

  openItem(item: Item): number {
    const output_index = this.#items++;
    this.event('response.output_item.added', { output_index, item });
    return output_index;
  }

  closeItem(output_index: number, item: Item): void {
    this.event('response.output_item.done', { output_index, item });
  }

  event(type: string, fields: Record<string, unknown>): void {
    if (!this.outgoing.destroyed)
      this.outgoing.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  }

  /** The last event: the response is complete. */
  complete(usage: Partial<TokenUsage> = {}): void {
    const { input, cachedInput, output, reasoning } = { ...USAGE, ...usage };
    this.event('response.completed', {
      response: {
        id: this.id,
        status: 'completed',
        output: [],
        usage: {
          input_tokens: input,
          input_tokens_details: { cached_tokens: cachedInput },
          output_tokens: output,
          output_tokens_details: { reasoning_tokens: reasoning },
          total_tokens: input + output,
        },
      },
    });
    this.outgoing.end();
  }
}
