import type { ContentChunk } from '@agentclientprotocol/sdk';
import type { AgentEvent } from '../backend.js';
import { contentText } from './content.js';

export type FlowingType = 'assistant_message' | 'reasoning';

/**
 * What an agent says in pieces. The protocol tells no end of a message: it is whole when a piece of another one comes, or
 * something else happens.
 */
export class FlowingText {
  #open: { readonly type: FlowingType; readonly messageId: string | null; readonly itemId: string } | null = null;
  #text = '';
  #count = 0;

  /** `itemPrefix` names what the agent gives no id. */
  constructor(private readonly itemPrefix: string) {}

  piece(type: FlowingType, { content, messageId = null }: ContentChunk): AgentEvent[] {
    const text = contentText(content);
    if (text === '') return [];
    const goesOn = this.#open?.type === type && this.#open.messageId === messageId;
    const ended = goesOn ? [] : this.end();
    this.#open ??= { type, messageId, itemId: this.#newItemId(messageId) };
    this.#text += text;
    const payload = { text, itemId: this.#open.itemId, status: 'in_progress' };
    return [...ended, { type, payload, flowing: true }];
  }

  /** The message that was open, whole. Of only blanks there is nothing to tell. */
  end(status: 'completed' | 'cancelled' = 'completed'): AgentEvent[] {
    const open = this.#open;
    const text = this.#text;
    this.#open = null;
    this.#text = '';
    if (!open || text.trim() === '') return [];
    return [{ type: open.type, payload: { text, itemId: open.itemId, status } }];
  }

  /** Of its own for each stretch of a message that something else came between. */
  #newItemId(messageId: string | null): string {
    this.#count += 1;
    return messageId === null ? `${this.itemPrefix}:${this.#count}` : `${messageId}:${this.#count}`;
  }
}
