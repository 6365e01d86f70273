import { mayRetry } from './http-errors.js';

export interface OutageOptions {
  /** The connection broke; the next try is `retryInMs` away. */
  readonly onLost?: (error: Error, retryInMs: number) => void;
  /** It is there again. */
  readonly onBack?: () => void;
  /** How long a connection that broke is looked for; 600,000. */
  readonly outageMs?: number;
}

const OUTAGE_MS = 600_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

/** How long the server has been away, and when to look for it again. */
export class Outage {
  #hasConnected = false;
  #sinceMs: number | undefined;
  #failures = 0;

  constructor(private readonly options: OutageOptions) {}

  connected(): void {
    this.#hasConnected = true;
    if (this.#sinceMs !== undefined) this.options.onBack?.();
    this.#sinceMs = undefined;
  }

  /** Only now is it worth being asked often again: one that takes connections may still drop them. */
  heard(): void {
    this.#failures = 0;
  }

  /** @throws the error where trying again is no use. */
  retryIn(error: unknown): number {
    this.#sinceMs ??= Date.now();
    const isOver = Date.now() - this.#sinceMs >= (this.options.outageMs ?? OUTAGE_MS);
    if (!this.#hasConnected || isOver || !mayRetry(error)) throw error;
    const retryInMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
    this.#failures += 1;
    this.options.onLost?.(error as Error, retryInMs);
    return retryInMs;
  }
}

/** Rejects with the signal's reason when that comes first. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
