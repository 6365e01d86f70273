import { RequestError } from '@agentclientprotocol/sdk';
import { PendingSteers, type Delivery } from '../steer-box.js';
import type { AgentConnection } from './agent-connection.js';

interface Answer {
  readonly outcome?: unknown;
}

const METHOD = '_session/steering';

/**
 * The steers of one turn, for an agent that takes them. Its answer says that the turn has the words, which is not yet that
 * the model has read them: proof is that the turn goes on after it, or comes to its own end.
 */
export class SteerBox {
  readonly #pending = new PendingSteers<true>();
  /** The agent has them; each to be told when the turn goes on. */
  readonly #injected = new Set<() => void>();

  constructor(
    private readonly connection: AgentConnection,
    private readonly sessionId: string,
  ) {}

  /** The prompt is sent. */
  open(): void {
    this.#pending.begin(true);
  }

  /** Settles on proof, or when the turn is over. `onDelivered` is called before anything else is told. Never rejects. */
  async deliver(text: string, onDelivered: () => void): Promise<Delivery> {
    if ((await this.#pending.turn()) === null) return 'too-late';
    const steer = this.#pending.add();
    void this.#send(text).then((taken) => {
      if (taken === 'refused') steer.settle('too-late');
      if (taken !== 'injected' || this.#pending.isOver) return;
      this.#injected.add(() => {
        onDelivered();
        steer.settle('delivered');
      });
    });
    return steer.delivery;
  }

  /** The turn goes on: what it was told before this, it has. */
  seeProgress(): void {
    for (const deliver of this.#injected) deliver();
    this.#injected.clear();
  }

  close(): void {
    this.#pending.end();
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
