import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** What JSON says: of any form until a test asserts on it. */
export type Loose = ReturnType<typeof JSON.parse>;

/** An answer as it came: status and envelope. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Loose;
}

/** Plain HTTP with a bearer token, so that tests see what any client would see. */
export class Api {
  constructor(
    readonly url: string,
    private readonly token: string | undefined,
  ) {}

  get headers(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  as(token: string | undefined): Api {
    return new Api(this.url, token);
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...this.headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** The answer, whatever it says but "try again": after a 503 it is asked again for a while, as clients do. */
  async settled(method: string, path: string, body?: unknown): Promise<Answer> {
    const giveUpAt = Date.now() + 20_000;
    for (;;) {
      const answer = await this.request(method, path, body);
      if (answer.status !== 503 || Date.now() >= giveUpAt) return answer;
      await delay(200);
    }
  }

  /** The data of an answer that must be a success. */
  async ok(method: string, path: string, body?: unknown): Promise<Loose> {
    const answer = await this.settled(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body.data;
  }

  get = async (path: string) => this.ok('GET', path);
  post = async (path: string, body: unknown = {}) => this.ok('POST', path, body);
  patch = async (path: string, body: unknown = {}) => this.ok('PATCH', path, body);

  /** A run on the exec backend, with what the test cares for. */
  async createRun(given: Record<string, unknown> = {}): Promise<Loose> {
    return this.post('/api/v1/runs', { tenantId: 'acme', projectId: 'shop', backendProfile: 'exec', ...given });
  }

  async addTurn(runId: string, prompt: string): Promise<Loose> {
    return this.post(`/api/v1/runs/${runId}/commands`, { type: 'turn', payload: { prompt } });
  }

  /** All events of a run, page by page. */
  async events(runId: string): Promise<Loose[]> {
    const all: Loose[] = [];
    for (;;) {
      const { items } = await this.get(`/api/v1/runs/${runId}/events?limit=500&afterSeq=${all.at(-1)?.seq ?? 0}`);
      if (items.length === 0) return all;
      all.push(...items);
    }
  }
}

/** Asks until the answer satisfies, and answers it; fails with the last answer after `timeoutMs`. */
export async function eventually<T>(
  ask: () => Promise<T>,
  satisfies: (answer: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    assert.ok(
      Date.now() < deadline,
      `not within ${timeoutMs} ms; last answer: ${JSON.stringify(answer)?.slice(0, 2_000)}`,
    );
    await delay(50);
  }
}
