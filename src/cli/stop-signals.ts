import { EXIT } from './exit-codes.js';

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Under npm one Ctrl-C arrives twice: from the terminal and handed on by npm. */
const SAME_PRESS_MS = 300;
const LAST_WORDS_MS = 1_000;

/** The first signal asks for an end in order; another one, later, ends the process at once. */
export class StopSignals {
  readonly first: Promise<StopSignal>;
  readonly #listeners = new Set<(signal: StopSignal) => void>();
  #resolve!: (signal: StopSignal) => void;
  #firstAt: number | undefined;

  constructor() {
    this.first = new Promise((resolve) => (this.#resolve = resolve));
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get isStopping(): boolean {
    return this.#firstAt !== undefined;
  }

  /** Called instead of waiting for `first`, where something can only be told to stop. */
  onFirst(listener: (signal: StopSignal) => void): void {
    this.#listeners.add(listener);
  }

  offFirst(listener: (signal: StopSignal) => void): void {
    this.#listeners.delete(listener);
  }

  /** The program is over: what a server that failed has left running (threads of the SDK's) is not waited for long. */
  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
  }

  readonly #onSignal = (signal: StopSignal): void => {
    if (this.#firstAt === undefined) {
      this.#firstAt = performance.now();
      for (const listener of this.#listeners) listener(signal);
      this.#resolve(signal);
    } else if (performance.now() - this.#firstAt > SAME_PRESS_MS) {
      process.exit(EXIT.interrupted);
    }
  };
}
