import type { ServerResponse } from 'node:http';

/** Requests that wait: long polls and event streams. Each has a signal that tells it to stop waiting. */
export class OpenRequests {
  readonly #waiting = new Set<AbortController>();
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

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Lets every waiting request end with what it has, now and from now on. */
  stop(): void {
    this.#stopping = true;
    for (const controller of this.#waiting) controller.abort();
  }
}
