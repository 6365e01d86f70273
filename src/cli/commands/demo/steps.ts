import type { Progress, ProgressStep } from '../../../processes/progress.js';
import type { ProgressDisplay } from '../../progress-display.js';

export interface TimedStep {
  readonly name: string;
  readonly ms: number;
}

/** Shows steps and keeps how long each took. */
export class Steps {
  readonly done: TimedStep[] = [];
  readonly #startedAt = performance.now();
  readonly #running = new Map<string, number>();

  constructor(private readonly display: ProgressDisplay) {}

  /** Since the beginning. */
  get totalMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  readonly show: Progress = (step) => {
    this.#clock(step);
    this.display.show(step);
  };

  async during<T>(name: string, work: () => Promise<T>, detailOf?: (result: T) => string): Promise<T> {
    return this.timed(name, () => this.display.during(name, work, detailOf));
  }

  /** Keeps the time of what shows itself in other ways. */
  async timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#clock({ name, state: 'started' });
    try {
      return await work();
    } finally {
      this.#clock({ name, state: 'done' });
    }
  }

  #clock({ name, state }: ProgressStep): void {
    if (state === 'started') this.#running.set(name, performance.now());
    const startedAt = this.#running.get(name);
    if (startedAt === undefined || state === 'started' || state === 'progress') return;
    this.#running.delete(name);
    this.done.push({ name, ms: Math.round(performance.now() - startedAt) });
  }
}
