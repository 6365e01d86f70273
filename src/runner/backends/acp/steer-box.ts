import { RequestError } from '@agentclientprotocol/sdk';
import type { AgentConnection } from './agent-connection.js';

type Delivery = 'delivered' | 'too-late';

interface Answer {
  readonly outcome?: unknown;
}

const METHOD = '_session/steering';

/**
 * The steers of one turn, for an agent that takes them. Its answer says that the turn has the words, which is not yet that
 * the model has read them: proof is that the turn goes on after it, or comes to its own end.
 */
export class SteerBox {
  readonly #injected = new Set<() => void>();
  readonly #closers = new Set<() => void>();
  #opened!: (isOpen: boolean) => void;
  readonly #isOpen: Promise<boolean>;
  #isClosed = false;

  constructor(
    private readonly connection: AgentConnection,
    private readonly sessionId: string,
  ) {
    this.#isOpen = new Promise((resolve) => (this.#opened = resolve));
  }

  /** The prompt is sent. */
  open(): void {
    this.#opened(true);
  }

  /** Settles on proof, or when the turn is over. `onDelivered` is called before anything else is told. Never rejects. */
  async deliver(text: string, onDelivered: () => void): Promise<Delivery> {
    if (!(await this.#isOpen) || this.#isClosed) return 'too-late';
    return new Promise((resolve) => {
      const deliver = () => {
        onDelivered();
        resolve('delivered');
      };
      this.#closers.add(() => resolve('too-late'));
      void this.#send(text).then((taken) => {
        if (taken === 'refused') resolve('too-late');
        if (taken === 'injected' && !this.#isClosed) this.#injected.add(deliver);
      });
    });
  }

  /** The turn goes on: what it was told before this, it has. */
  seeProgress(): void {
    for (const deliver of this.#injected) deliver();
    this.#injected.clear();
  }

  /** The turn is over: who waits is too late. */
  close(): void {
    this.#isClosed = true;
    this.#opened(false);
    for (const tooLate of this.#closers) tooLate();
    this.#closers.clear();
  }

  /**
   * An agent whose turn is just over must leave the words to us, and not begin a turn of its own with them. Only its own word says that
   * it has not taken them: whose answer is lost may have, until the turn is over.
   */
  async #send(text: string): Promise<'injected' | 'refused' | 'unknown'> {
    const asked = {
      sessionId: this.sessionId,
      prompt: [{ type: 'text', text }],
      _meta: { steering: { idleBehavior: 'promptRequired' } },
    };
    try {
      const { outcome } = await this.connection.extension<Answer>(METHOD, asked);
      return outcome === 'injected' || outcome === 'startedNewTurn' ? 'injected' : 'refused';
    } catch (error) {
      return error instanceof RequestError ? 'refused' : 'unknown';
    }
  }
}
