import { AppServerError, type AppServer } from './app-server.js';
import { textInput, type Notification, type ThreadItem } from './protocol.js';

type Delivery = 'delivered' | 'too-late';

/**
 * The steers of one turn. Codex's answer says only that it has queued one; it is delivered when codex shows it as a message
 * of the thread, and one that is overtaken by the turn's end was never read.
 */
export class SteerBox {
  readonly #waiting = new Map<string, (delivery: Delivery) => void>();
  readonly #shown = new Set<string>();
  #opened!: (turnId: string | null) => void;
  readonly #turnId: Promise<string | null>;
  #isClosed = false;

  constructor(
    private readonly server: AppServer,
    private readonly threadId: string,
  ) {
    this.#turnId = new Promise((resolve) => (this.#opened = resolve));
  }

  /** The turn runs: steers may be sent. */
  open(turnId: string): void {
    this.#opened(turnId);
  }

  /** Ids that an earlier runner got through. */
  remember(clientIds: readonly string[]): void {
    for (const id of clientIds) this.#shown.add(id);
  }

  /** Settles on proof, or when the turn is over. Never rejects. */
  async deliver(commandId: string, text: string): Promise<Delivery> {
    const turnId = await this.#turnId;
    if (this.#shown.has(commandId)) return 'delivered';
    if (turnId === null || this.#isClosed) return 'too-late';
    const proof = new Promise<Delivery>((resolve) => this.#waiting.set(commandId, resolve));
    const asked = { threadId: this.threadId, clientUserMessageId: commandId, expectedTurnId: turnId };
    // Only a refusal tells that it did not get there: what is not answered may be delivered yet, until the turn is over.
    this.server.request('turn/steer', { ...asked, input: textInput(text) }).catch((error: unknown) => {
      if (error instanceof AppServerError) this.#settle(commandId, 'too-late');
    });
    return proof;
  }

  see({ params }: Notification): void {
    const item = params['item'] as Partial<ThreadItem> | undefined;
    if (item?.type !== 'userMessage' || !item.clientId) return;
    this.#shown.add(item.clientId);
    this.#settle(item.clientId, 'delivered');
  }

  /** The turn is over: who waits is too late. */
  close(): void {
    this.#isClosed = true;
    this.#opened(null);
    for (const id of [...this.#waiting.keys()]) this.#settle(id, 'too-late');
  }

  #settle(commandId: string, delivery: Delivery): void {
    this.#waiting.get(commandId)?.(delivery);
    this.#waiting.delete(commandId);
  }
}
