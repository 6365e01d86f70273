import type { ServerResponse } from 'node:http';

/** Requests that wait: long polls and event streams. Each has a signal that tells it to stop waiting. */
export class OpenRequests {
  readonly #waiting = new Set<AbortController>();
  #leaving = false;
  #stopping = false;

  /** Aborts when the client is gone or the server stops. */
  signalFor(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    if (this.#stopping || response.destroyed) controller.abort();
    this.#waiting.add(controller);
    response.once('close', () => {
      this.#waiting.delete(controller);
      controller.abort();
    });
    return controller.signal;
  }

  /** Whether this process is about to stop: it still answers, but nobody new should come. */
  get leaving(): boolean {
    return this.#leaving;
  }

  leave(): void {
    this.#leaving = true;
  }

  /** Lets every waiting request end with what it has, now and from now on. */
  stop(): void {
    this.#leaving = true;
    this.#stopping = true;
    for (const controller of this.#waiting) controller.abort();
  }
}
