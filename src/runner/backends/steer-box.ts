export type Delivery = 'delivered' | 'too-late';

/** A steer that is on its way. The first word on it counts. */
export interface PendingSteer {
  readonly delivery: Promise<Delivery>;
  settle(delivery: Delivery): void;
}

/**
 * What the steers of one turn have in common, whatever the agent: they wait until it takes some, and are too late when it is over.
 * `Turn` is what a steer must know of the turn that it goes into.
 */
export class PendingSteers<Turn> {
  readonly #pending = new Set<PendingSteer>();
  readonly #turn: Promise<Turn | null>;
  #begin!: (turn: Turn | null) => void;
  #isOver = false;

  constructor() {
    this.#turn = new Promise((resolve) => (this.#begin = resolve));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The turn takes steers from here on. */
  begin(turn: Turn): void {
    this.#begin(turn);
  }

  /** The turn, when it takes steers; null when it is over. */
  async turn(): Promise<Turn | null> {
    const turn = await this.#turn;
    return this.#isOver ? null : turn;
  }

  /** One more is on its way. */
  add(): PendingSteer {
    let settle!: (delivery: Delivery) => void;
    const delivery = new Promise<Delivery>((resolve) => (settle = resolve));
    const steer = { delivery, settle };
    this.#pending.add(steer);
    void delivery.then(() => this.#pending.delete(steer));
    return steer;
  }

  /** The turn is over: who waits is too late. */
  end(): void {
    this.#isOver = true;
    this.#begin(null);
    for (const steer of this.#pending) steer.settle('too-late');
  }
}
