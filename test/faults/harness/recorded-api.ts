import { setTimeout as delay } from 'node:timers/promises';
import { Api, type Answer } from '../../support/api.js';
import type { History } from './history.js';

const RETRY_MS = 150;
/** Longer than any outage here. */
const PATIENCE_MS = 180_000;

/** What a client does with answers that say nothing: asks again. */
const MEANS_NOTHING = [429, 500, 502, 503, 504];

/** The client of a workload: every call and its answer is in the history. */
export class RecordedApi extends Api {
  constructor(
    url: string,
    private readonly bearer: string,
    private readonly history: History,
    private readonly client: string,
  ) {
    super(url, bearer);
  }

  override as(token: string): RecordedApi {
    return new RecordedApi(this.url, token, this.history, `${this.client}'s`);
  }

  named(client: string): RecordedApi {
    return new RecordedApi(this.url, this.bearer, this.history, client);
  }

  override async request(method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
    const f = `${method} ${path}`;
    const isRead = method === 'GET';
    if (!isRead) this.history.add(this.client, 'invoke', f, body);
    try {
      const answer = await super.request(method, path, body, headers);
      const type = answer.status === 200 ? 'ok' : MEANS_NOTHING.includes(answer.status) ? 'info' : 'fail';
      if (!isRead) this.history.add(this.client, type, f, { status: answer.status, body: answer.body });
      return answer;
    } catch (error) {
      this.history.add(this.client, 'info', f, String(error));
      throw error;
    }
  }

  /** Repeats the same request until somebody says what became of it; answers that. */
  override async settled(method: string, path: string, body?: unknown): Promise<Answer> {
    for (const giveUpAt = Date.now() + PATIENCE_MS; ;) {
      const answer = await this.request(method, path, body).catch(() => undefined);
      if (answer !== undefined && !MEANS_NOTHING.includes(answer.status)) return answer;
      if (Date.now() > giveUpAt) throw new Error(`${method} ${path}: nobody says what became of it`);
      await delay(RETRY_MS);
    }
  }
}
