import { PendingSteers, type Delivery, type PendingSteer } from '../steer-box.js';
import { AppServerError, type AppServer } from './app-server.js';
import { textInput, type Notification, type ThreadItem } from './protocol.js';

/**
 * The steers of one turn. Codex's answer says only that it has queued one; it is delivered when codex shows it as a message
 * of the thread, and one that is overtaken by the turn's end was never read.
 */
export class SteerBox {
  readonly #pending = new PendingSteers<string>();
  readonly #sent = new Map<string, PendingSteer>();
  readonly #shown = new Set<string>();

  constructor(
    private readonly server: AppServer,
    private readonly threadId: string,
  ) {}

  /** The turn runs: steers may be sent. */
  open(turnId: string): void {
    this.#pending.begin(turnId);
  }

  /** Ids that an earlier runner got through. */
  remember(clientIds: readonly string[]): void {
    for (const id of clientIds) this.#shown.add(id);
  }

  /** Settles on proof, or when the turn is over. Never rejects. */
  async deliver(commandId: string, text: string): Promise<Delivery> {
    const turnId = await this.#pending.turn();
    if (this.#shown.has(commandId)) return 'delivered';
    if (turnId === null) return 'too-late';
    const steer = this.#pending.add();
    this.#sent.set(commandId, steer);
    const asked = { threadId: this.threadId, clientUserMessageId: commandId, expectedTurnId: turnId };
    // Only a refusal tells that it did not get there: what is not answered may be delivered yet, until the turn is over.
    this.server.request('turn/steer', { ...asked, input: textInput(text) }).catch((error: unknown) => {
      if (error instanceof AppServerError) steer.settle('too-late');
    });
    return steer.delivery;
  }

  see({ params }: Notification): void {
    const item = params['item'] as Partial<ThreadItem> | undefined;
    if (item?.type !== 'userMessage' || !item.clientId) return;
    this.#shown.add(item.clientId);
    this.#sent.get(item.clientId)?.settle('delivered');
  }

  close(): void {
    this.#pending.end();
  }
}
