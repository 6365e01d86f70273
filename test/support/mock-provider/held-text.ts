import type { Reply } from './reply.js';
import type { ResponseStream } from './response-stream.js';
import { messageItem } from './answers.js';

/** A text that is streamed as the test lets it: for what happens while a model speaks. Good for one request. */
export interface HeldText {
  readonly reply: Reply;
  /** Resolves when the request is here and the stream is open, before the first piece. */
  readonly started: Promise<void>;
  /** Resolves when the connection is gone: the text is finished, or the agent has left. */
  readonly closed: Promise<void>;
  /** Sends the next piece of the text. */
  push(piece: string): void;
  /** Completes the answer with what was pushed. */
  finish(): void;
  /** Breaks the connection off in the middle. */
  cut(): void;
}

export function heldText(...firstPieces: string[]): HeldText {
  let [isStarted, isClosed] = [() => {}, () => {}];
  const started = new Promise<void>((resolve) => (isStarted = resolve));
  const closed = new Promise<void>((resolve) => (isClosed = resolve));
  const said: string[] = [];
  const item = messageItem('');
  let stream: ResponseStream | undefined;
  const open = () => {
    if (!stream) throw new Error('no request has come for this text yet: await `started` first');
    return stream;
  };
  const push = (piece: string) => {
    said.push(piece);
    const at = { item_id: item['id'], output_index: 0, content_index: 0 };
    open().event('response.output_text.delta', { ...at, delta: piece });
  };
  return {
    started,
    closed,
    push,
    finish: () => {
      const content = [{ type: 'output_text', text: said.join(''), annotations: [] }];
      open().closeItem(0, { ...item, content });
      open().complete();
    },
    cut: () => open().outgoing.destroy(),
    reply: async (requested) => {
      stream = requested;
      stream.begin();
      stream.openItem({ ...item, content: [] });
      for (const piece of firstPieces) push(piece);
      isStarted();
      await stream.closed;
      isClosed();
    },
  };
}
