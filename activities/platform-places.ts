import { ApplicationFailure } from '@temporalio/activity';
import { WORKER_PLACES } from '../src/domain/worker-places.js';

/** Longer than this nothing waits for a place: its activity has two minutes in all. */
const WAIT_MS = 20_000;
const AGAIN_MS = 5_000;

interface PlacesOptions {
  readonly places: number;
  readonly waiting: number;
  readonly waitMs: number;
}

/** Lets so many calls of the platform be under way at once; a few wait, the others are tried again a little later. */
export class PlatformPlaces {
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly options: PlacesOptions = {
      places: WORKER_PLACES.platform,
      waiting: WORKER_PLACES.platformWaiting,
      waitMs: WAIT_MS,
    },
  ) {}

  /** Answers what the work does. @throws what it throws; a failure that is tried again where no place was to be had. */
  async hold<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#taken < this.options.places) this.#taken += 1;
    else await this.#wait();
    try {
      // What waited for long may have been given up meanwhile, and its Job ended: it must not come after that.
      signal?.throwIfAborted();
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** The place of one that leaves is handed on to the one that waits longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  async #wait(): Promise<void> {
    if (this.#waiting.size >= this.options.waiting) throw busy();
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(next);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(next);
        reject(busy());
      }, this.options.waitMs);
      this.#waiting.add(next);
    });
  }
}

/** Not at one time all: those that were refused together come back one by one. */
function busy(): ApplicationFailure {
  return ApplicationFailure.create({
    message: 'too many calls of the platform are under way in this worker',
    type: 'platform-busy',
    nextRetryDelay: Math.round(AGAIN_MS * (0.5 + Math.random())),
  });
}
