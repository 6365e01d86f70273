import { AgentRunError } from '../../domain/errors.js';

/** Whoever is not let in by then would not be answered in time either. */
const WAIT_MS = 10_000;

/** One's turn, which is over for those behind it when it calls `next`, or when its work has ended. */
interface Turn {
  /** Others had theirs before, and what was read may be old. */
  readonly waited: boolean;
  readonly next: () => void;
}

/**
 * Lets one at a time in for each key, in the order they came. Temporal takes messages to one workflow much faster one
 * after another than many at once, where it makes clients back off and throws begun work away.
 */
export class Sequencer {
  readonly #last = new Map<string, Promise<void>>();

  constructor(private readonly waitMs: number = WAIT_MS) {}

  /** @throws rate-limited when those before take too long. */
  async run<T>(key: string, work: (turn: Turn) => Promise<T>): Promise<T> {
    const others = this.#last.get(key);
    const before = others ?? Promise.resolve();
    let release = () => {};
    const over = new Promise<void>((resolve) => (release = resolve));
    const mine = before.then(() => over);
    this.#last.set(key, mine);
    void mine.then(() => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    });
    try {
      await this.#inTime(before);
      return await work({ waited: others !== undefined, next: release });
    } finally {
      release();
    }
  }

  async #inTime(before: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(busy()), this.waitMs);
    });
    await Promise.race([before, late]).finally(() => clearTimeout(timer));
  }
}

function busy(): AgentRunError {
  return new AgentRunError('rate-limited', 'unavailable', 'it is busy with earlier requests; try again');
}
