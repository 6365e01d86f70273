import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What happens to a request on its way; `again` brings it a second time, so much later, when nobody waits for it any more. */
export interface Mishap {
  readonly delayMs?: number;
  readonly lose?: 'request' | 'answer';
  readonly againAfterMs?: number;
}

/** A request that went through, as whoever stands in between sees it. */
export interface Passed {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** Undefined where the answer was not waited for. */
  readonly status: number;
}

/** The network between runners and the manager: can be cut, and can lose, delay, double and reorder requests. */
export class Network {
  readonly passed: Passed[] = [];
  mishapOf: (method: string, path: string) => Mishap | undefined = () => undefined;
  #isCut = false;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(private readonly target: URL) {
    this.#server = createServer((request, response) => {
      void this.#carry(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => {
      if (this.#isCut) socket.destroy();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async before(targetUrl: string): Promise<Network> {
    const network = new Network(new URL(targetUrl));
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#isCut = false;
    this.mishapOf = () => undefined;
  }

  async close(): Promise<void> {
    this.cut();
    this.#agent.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const { method = 'GET', url: path = '/' } = request;
    const mishap = this.mishapOf(method, path) ?? {};
    if (mishap.againAfterMs !== undefined) void this.#late(request, body, mishap.againAfterMs);
    if (mishap.delayMs !== undefined) await delay(mishap.delayMs);
    if (mishap.lose === 'request' || this.#isCut) return void response.destroy();
    const answer = await this.#forward(request, body, response);
    this.#note(request, answer.statusCode ?? 0);
    if (mishap.lose === 'answer' || this.#isCut) {
      answer.resume();
      response.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  }

  async #late(request: IncomingMessage, body: Buffer, afterMs: number): Promise<void> {
    await delay(afterMs);
    const answer = await this.#forward(request, body).catch(() => undefined);
    answer?.resume();
    if (answer !== undefined) this.#note(request, answer.statusCode ?? 0);
  }

  #note({ method = '', url = '', headers }: IncomingMessage, status: number): void {
    if (method === 'GET') return;
    this.passed.push({ atMs: Date.now(), method, path: url, authorization: headers.authorization, status });
  }

  #forward(request: IncomingMessage, body: Buffer, response?: ServerResponse): Promise<IncomingMessage> {
    const { method, url: path, headers } = request;
    const { hostname: host, port } = this.target;
    return new Promise((resolve, reject) => {
      const forwarded = send({ host, port, method, path, headers, agent: this.#agent }, resolve);
      forwarded.once('error', reject);
      // Whoever asked is gone: so is the question.
      response?.once('close', () => forwarded.destroy());
      forwarded.end(body);
    });
  }
}
