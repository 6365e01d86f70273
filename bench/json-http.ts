import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What is read of an answer's `data`. */
export interface Data {
  readonly id: string;
  readonly state: string;
  readonly runnerToken: string;
  readonly status: string;
  /** Of a task. */
  readonly latestAttempt: { readonly runId: string | null } | null;
  /** Of a send. */
  readonly run: { readonly id: string };
  readonly command: { readonly id: string };
  /** Of an append: the events. */
  readonly items: readonly { readonly seq: number }[];
}

/**
 * JSON over kept connections, with as little work of its own as can be: the built-in `fetch` costs more than the answer that it
 * waits for, and that cost would hide what is measured.
 */
export class JsonHttp {
  constructor(
    readonly url: string,
    readonly token?: string,
    private readonly agent = new Agent({ keepAlive: true }),
  ) {}

  /** The same connections, in another name. */
  as(token: string): JsonHttp {
    return new JsonHttp(this.url, token, this.agent);
  }

  /** The `data` of a success. @throws Error with the answer otherwise. */
  async send(method: 'GET' | 'POST' | 'PATCH' | 'PUT', path: string, body?: unknown): Promise<Data> {
    const { status, text } = await this.#exchange(method, path, body === undefined ? '' : JSON.stringify(body));
    const answer = JSON.parse(text);
    if (answer.ok !== true) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`);
    return answer.data;
  }

  /** The same, asked again where the answer is that a part does not answer in time: as callers and runners do on a machine with too much to do. */
  async insist(method: 'POST' | 'PATCH', path: string, body: object): Promise<Data> {
    for (;;) {
      try {
        return await this.send(method, path, body);
      } catch (error) {
        if (!String(error).includes(': 503 ')) throw error;
        await delay(500);
      }
    }
  }

  close(): void {
    this.agent.destroy();
  }

  #exchange(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const headers = {
      ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(this.url + path, { method, headers, agent: this.agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
      });
      sent.on('error', reject).end(body);
    });
  }
}
