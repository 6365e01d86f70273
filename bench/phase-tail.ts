import { HttpClient } from '../src/client/http-client.js';
import { tailEvents } from '../src/client/tail-events.js';
import type { JsonHttp } from './json-http.js';

/** Follows a run as a caller does, to see what becomes of its commands. */
export class PhaseTail {
  readonly #seen = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  readonly #closing = new AbortController();

  constructor(api: JsonHttp, runId: string) {
    void this.#follow(api, runId).catch(() => undefined);
  }

  /** Until a `backend_status` of that phase is read that names the command. */
  async until(phase: string, commandId: string): Promise<void> {
    const key = `${phase} ${commandId}`;
    if (this.#seen.has(key)) return;
    await new Promise<void>((resolve) => this.#waiting.set(key, resolve));
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow({ url: baseUrl, token }: JsonHttp, runId: string): Promise<void> {
    const events = tailEvents(new HttpClient({ baseUrl, token }), runId, { signal: this.#closing.signal });
    for await (const { payload } of events) {
      if (typeof payload.phase !== 'string' || typeof payload.commandId !== 'string') continue;
      const key = `${payload.phase} ${payload.commandId}`;
      this.#seen.add(key);
      this.#waiting.get(key)?.();
      this.#waiting.delete(key);
    }
  }
}
