import { randomBytes } from 'node:crypto';
import {
  Agent as HttpAgent,
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Exchange } from './exchange.js';
import { towardsProvider } from './headers.js';
import { keysOf, secretsCutter, secretsOf } from './secrets.js';
import { describeTrouble, type ProviderTrouble } from './trouble.js';

/** Where an agent's model provider is, and what it must be sent that the agent must not know. */
export interface ProviderTarget {
  readonly baseUrl: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** How long the provider may say nothing within an answer, and before one. */
  readonly silenceMs: number;
  readonly headersMs: number;
}

/** A second silence in a row is the last: each may take minutes, and agents try again up to thirty times. */
const SILENCES = 2;

/**
 * Stands on loopback between an agent and its provider for as long as the agent lives. The agent needs no key, since
 * this adds it; and the runner sees for itself what becomes of each request. Nothing that passes is logged or kept.
 */
export class ProviderProxy {
  readonly #exchanges = new Set<Exchange>();
  readonly #agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
  readonly #cut: (text: string) => string;
  readonly #keys: readonly string[];
  /** Other programs of the machine do not find the way in. */
  readonly #path = `/${randomBytes(24).toString('base64url')}`;
  #trouble: ProviderTrouble | null = null;
  #silences = 0;
  /** When the first of the newest requests in a row found no way to the provider; monotonic ms. */
  #unreachableSince: number | null = null;
  #port = 0;

  private constructor(
    private readonly target: ProviderTarget,
    private readonly onTrouble: (trouble: ProviderTrouble) => void,
    private readonly server: Server,
  ) {
    this.#cut = secretsCutter(secretsOf(target));
    this.#keys = keysOf(target);
  }

  /** `onTrouble` hears of each failed request, whether or not the agent tries again. */
  static async start(
    target: ProviderTarget,
    onTrouble: (trouble: ProviderTrouble) => void = () => {},
  ): Promise<ProviderProxy> {
    const server = createServer();
    const proxy = new ProviderProxy(target, onTrouble, server);
    server.on('request', (incoming, outgoing) => proxy.#serve(incoming, outgoing));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    proxy.#port = (server.address() as AddressInfo).port;
    return proxy;
  }

  /** What the agent has for its provider's base URL. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}${this.#path}`;
  }

  /** What went wrong with the newest request, unless a later one went well. */
  get trouble(): ProviderTrouble | null {
    return this.#trouble;
  }

  /** For how long no request has found a way to the provider; 0 when the newest did, or is under way. */
  get unreachableMs(): number {
    if (this.#unreachableSince === null || this.#exchanges.size > 0) return 0;
    return performance.now() - this.#unreachableSince;
  }

  /** For whoever tells of a failed request. */
  get facts(): { readonly providerHost: string; readonly httpStatus?: number } {
    const providerHost = this.target.baseUrl.host;
    return this.#trouble?.kind === 'status' ? { providerHost, httpStatus: this.#trouble.status } : { providerHost };
  }

  describe(trouble: ProviderTrouble): string {
    return describeTrouble(trouble, this.target.baseUrl.host);
  }

  /** What was before says nothing of what comes. */
  forget(): void {
    this.#trouble = null;
    this.#silences = 0;
    this.#unreachableSince = null;
  }

  async close(): Promise<void> {
    for (const exchange of this.#exchanges) exchange.abandon();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    for (const agent of Object.values(this.#agents)) agent.destroy();
    await closed;
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const url = this.#urlOf(incoming.url ?? '/');
    if (!url) {
      outgoing.writeHead(404, { connection: 'close' }).end();
      return;
    }
    // What else an agent asks for (lists of models) may fail without harm.
    const counts = incoming.method === 'POST';
    const exchange = new Exchange({
      incoming,
      outgoing,
      open: () => this.#open(url, incoming),
      silenceMs: this.target.silenceMs,
      headersMs: this.target.headersMs,
      cut: this.#cut,
      keys: this.#keys,
      onEnd: (trouble) => {
        this.#exchanges.delete(exchange);
        if (counts) this.#ended(trouble);
      },
      standIn: (trouble) => ({ status: this.#statusFor(trouble), message: this.describe(trouble) }),
    });
    this.#exchanges.add(exchange);
    outgoing.once('close', () => this.#exchanges.delete(exchange));
  }

  /** Below the provider's base URL, or undefined: nothing else is reached through here. */
  #urlOf(path: string): URL | undefined {
    if (!path.startsWith(`${this.#path}/`)) return undefined;
    const { baseUrl, query } = this.target;
    const base = `${baseUrl.origin}${baseUrl.pathname.replace(/\/$/, '')}`;
    const rest = path.slice(this.#path.length);
    if (!URL.canParse(base + rest)) return undefined;
    const url = new URL(base + rest);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href.startsWith(`${base}/`) && !climbs(url) ? url : undefined;
  }

  #open(url: URL, { method, headers }: IncomingMessage): ClientRequest {
    const isSecure = url.protocol === 'https:';
    const options = { method, headers: towardsProvider(headers, this.target.headers) };
    return isSecure
      ? httpsRequest(url, { ...options, agent: this.#agents['https:'] })
      : httpRequest(url, { ...options, agent: this.#agents['http:'] });
  }

  #ended(trouble: ProviderTrouble | null): void {
    this.#trouble = trouble;
    this.#silences = trouble?.kind === 'no-headers' ? this.#silences + 1 : 0;
    this.#unreachableSince = trouble?.kind === 'unreachable' ? (this.#unreachableSince ?? performance.now()) : null;
    if (trouble) this.onTrouble(trouble);
  }

  /** Agents try again after a 502 and a 504, and give up at a 400. */
  #statusFor(trouble: ProviderTrouble): number {
    if (trouble.kind === 'status') return trouble.status;
    if (trouble.kind !== 'no-headers') return 502;
    return this.#silences >= SILENCES ? 400 : 504;
  }
}

/** A server may take an escaped slash for one, and go up where the URL did not. */
function climbs({ pathname }: URL): boolean {
  return /(^|\/|\\)\.\.(\/|\\|$)/.test(
    pathname.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\').replaceAll(/%2e/gi, '.'),
  );
}
