import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** `away`: 503 in the manager's place; `lose`: it is carried out, and the answer lost. */
export type Fault = 'away' | 'lose';

/** Hands on what is asked of a manager, but for the POSTs that are to fail: by the end of their path, each of its faults once. */
export class FaultyWay {
  faults: Record<string, Fault[]> = {};
  #port = 0;
  readonly #server: Server = createServer((message, response) => void this.#serve(message, response));

  constructor(private readonly target: string) {}

  /** Where it was before, when it was stopped in between. */
  async start(): Promise<string> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = message;
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const fault = method === 'POST' ? this.faults[url.split('/').at(-1) ?? '']?.shift() : undefined;
    if (fault === 'away') {
      response.writeHead(503, { 'content-type': 'application/json' }).end(AWAY);
      return;
    }
    const body = method === 'GET' ? undefined : Buffer.concat(chunks);
    const { authorization = '' } = headers;
    const asked = { method, body, headers: { authorization, 'content-type': 'application/json' } };
    const answered = await fetch(this.target + url, asked);
    if (fault === 'lose') {
      await answered.text();
      response.destroy();
      return;
    }
    // As it comes: an answer may be a stream that has no end.
    response.writeHead(answered.status, { 'content-type': answered.headers.get('content-type') ?? '' });
    await pipeline(answered.body ?? [], response).catch(() => undefined);
  }
}

const AWAY = JSON.stringify({ ok: false, failureKind: 'infra-failed', message: 'Temporal does not answer' });
