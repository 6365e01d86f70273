import type { AgentEvent } from '../backend.js';
import type { ThreadItem } from './protocol.js';

const HEAD_LENGTH = 256;

/**
 * What a command prints. Codex does not stream what came in a command's first moments, and stops streaming after very
 * many pieces; its item tells all of it (up to a mebibyte) when it is complete, and what is missing is made up for then.
 */
export class CommandOutput {
  #length = 0;
  #head = '';

  constructor(private readonly itemId: string) {}

  piece(text: string): AgentEvent {
    this.#length += text.length;
    if (this.#head.length < HEAD_LENGTH) this.#head = (this.#head + text).slice(0, HEAD_LENGTH);
    return { type: 'command_output', payload: { text, itemId: this.itemId }, flowing: true };
  }

  /** What of the whole output was not streamed; `offset` (in characters) tells where a part belongs that comes late. */
  rest({ aggregatedOutput }: ThreadItem): AgentEvent[] {
    const all = aggregatedOutput ?? '';
    const from = this.#startIn(all);
    if (from === undefined) return [];
    const before = all.slice(0, from);
    const after = all.slice(from + this.#length);
    const { itemId } = this;
    return [
      ...(after === '' ? [] : [this.piece(after)]),
      ...(before === '' ? [] : [{ type: 'command_output' as const, payload: { text: before, itemId, offset: 0 } }]),
    ];
  }

  /** Where in the whole the streamed part starts; undefined when it is not found there. */
  #startIn(all: string): number | undefined {
    if (this.#length === 0) return 0;
    const atEnd = all.length - this.#length;
    if (atEnd >= 0 && all.startsWith(this.#head, atEnd)) return atEnd;
    const found = all.indexOf(this.#head);
    return found === -1 ? undefined : found;
  }
}
