import { KubeConfig } from '@kubernetes/client-node';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request as askServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createHash } from 'node:crypto';
import { Dice } from '../../faults/harness/dice.js';

/** What befalls a request that changes something. Nothing is done, except where it says so. */
const MISHAPS = [
  /** 429, come again in a second. */
  'busy',
  /** 500 */
  'broken',
  /** It is done, and the connection breaks. */
  'answer lost',
  /** It is done, and a proxy in between gives up: 504. */
  'answer late',
  /** 409: it is done and said to be there already, as who repeats a request hears it; of a change or a deletion, nothing is done. */
  'conflict',
  /** No answer at all: the client has to give it up. */
  'hung',
] as const;

export type Mishap = (typeof MISHAPS)[number];

/** As often as that the same request fares badly; then it is let through. */
const MOST_EACH = 2;
const READ_FAILS = 0.1;
const CHANGE_FAILS = 0.5;

/** A way to a cluster's API server on which requests fare badly: each by the seed, what it asks, and how often that was asked before. */
export class FaultyApiServer {
  readonly counts = new Map<Mishap | 'read refused' | 'watch cut', number>();
  readonly #asked = new Map<string, number>();
  readonly #mishaps = new Map<string, number>();

  private constructor(
    private readonly config: KubeConfig,
    private readonly server: Server,
    private readonly folder: string,
    private readonly seed: number,
  ) {}

  static async start(kubeconfig: string, seed: number): Promise<FaultyApiServer> {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    const server = createServer();
    const folder = await mkdtemp(join(tmpdir(), 'agentrun-kubeconfig-'));
    const faulty = new FaultyApiServer(config, server, folder, seed);
    server.on('request', (request, response) => {
      faulty.#take(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await writeFile(faulty.kubeconfig, JSON.stringify(faulty.#description()), { mode: 0o600 });
    return faulty;
  }

  /** Leads here. */
  get kubeconfig(): string {
    return join(this.folder, 'config');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Who comes here needs no credential: this has the cluster's. */
  #description(): object {
    const { port } = this.server.address() as AddressInfo;
    const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
    return {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'faulty', cluster }],
      users: [{ name: 'anybody', user: {} }],
      contexts: [{ name: 'faulty', context: { cluster: 'faulty', user: 'anybody' } }],
      'current-context': 'faulty',
    };
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (request.method === 'GET') return this.#read(request, response);
    const mishap = this.#mishapOf(request, body);
    switch (mishap) {
      case undefined:
        return this.#forward(request, body, response);
      case 'busy':
        refuse(response, 429, 'TooManyRequests', { 'retry-after': '1' });
        return;
      case 'broken':
        refuse(response, 500, 'InternalError');
        return;
      case 'hung':
        return;
      case 'answer lost':
        await this.#done(request, body);
        response.destroy();
        return;
      case 'answer late':
        await this.#done(request, body);
        refuse(response, 504, 'Timeout');
        return;
      case 'conflict':
        if (request.method === 'POST') await this.#done(request, body);
        refuse(response, 409, request.method === 'POST' ? 'AlreadyExists' : 'Conflict');
        return;
    }
  }

  async #read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isWatch = new URL(request.url ?? '/', 'http://here').searchParams.has('watch');
    const dice = this.#diceOf(`${request.method} ${request.url}`);
    if (!isWatch && dice.chance(READ_FAILS)) {
      this.#count('read refused');
      refuse(response, dice.pick([429, 500, 503]), 'InternalError');
      return;
    }
    if (isWatch && dice.chance(0.5)) {
      setTimeout(() => response.destroy(), dice.between(200, 2_000)).unref();
      this.#count('watch cut');
    }
    return this.#forward(request, Buffer.alloc(0), response);
  }

  #mishapOf({ method, url }: IncomingMessage, body: Buffer): Mishap | undefined {
    const name =
      method === 'POST' ? (JSON.parse(body.toString()) as { metadata?: { name?: string } }).metadata?.name : '';
    const key = `${method} ${url} ${name}`;
    const before = this.#mishaps.get(key) ?? 0;
    const dice = this.#diceOf(key);
    if (before >= MOST_EACH || !dice.chance(CHANGE_FAILS)) return undefined;
    // One of those that hang costs its client ten seconds.
    const mishap = dice.pick(dice.chance(0.8) ? MISHAPS.filter((one) => one !== 'hung') : MISHAPS);
    this.#mishaps.set(key, before + 1);
    this.#count(mishap);
    return mishap;
  }

  /** The namespace is another one each time. */
  #diceOf(asked: string): Dice {
    const request = asked.replace(/\/namespaces\/[^/]+/, '/namespaces/any');
    const before = this.#asked.get(request) ?? 0;
    this.#asked.set(request, before + 1);
    return new Dice(createHash('sha256').update(`${this.seed} ${before} ${request}`).digest().readUInt32BE());
  }

  #count(what: Mishap | 'read refused' | 'watch cut'): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Resolves when the server has answered. */
  async #done(request: IncomingMessage, body: Buffer): Promise<void> {
    const answer = await this.#ask(request, body);
    answer.resume();
  }

  async #forward(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const answer = await this.#ask(request, body);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    response.on('close', () => answer.destroy());
    answer.on('error', () => response.destroy());
  }

  async #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
    await this.config.applyToHTTPSOptions(options);
    const target = new URL(url ?? '/', this.config.getCurrentCluster()?.server);
    const { host: _, ...others } = headers;
    return new Promise((resolve, reject) => {
      const asked = askServer(target, { ...options, method, headers: { ...others, ...options.headers } }, resolve);
      asked.on('error', reject);
      asked.end(body);
    });
  }
}

function refuse(response: ServerResponse, code: number, reason: string, headers: Record<string, string> = {}): void {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `${reason}, by a test`, reason, code };
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(status));
}
