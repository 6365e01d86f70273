import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** An OpenID Connect provider as far as those who check its tokens see it: a discovery document and keys, over HTTP. */
export class IdentityProvider {
  /** What was asked for, in order. */
  readonly asked: string[] = [];
  readonly #server: Server;
  #keys: SigningKey[] = [];
  #answers: 'rightly' | 'with 500' | 'never' = 'rightly';
  /** What the discovery document says instead. */
  claims: Record<string, unknown> = {};

  private constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      if (this.#answers === 'never') return;
      const status = this.#answers === 'rightly' ? 200 : 500;
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify(this.#document(request.url)));
    });
  }

  static async start(): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    await provider.rotate();
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get jwksUrl(): string {
    return `${this.issuer}/keys`;
  }

  get keysAsked(): number {
    return this.asked.filter((url) => url === '/keys').length;
  }

  answer(how: 'rightly' | 'with 500' | 'never'): void {
    this.#answers = how;
  }

  /** Signs with a new key from now on; the old ones stay published unless told otherwise. */
  async rotate({ alg = 'RS256', keepOld = true } = {}): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${alg}-${this.#keys.length + 1}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.#keys = [{ kid, alg, privateKey, jwk }, ...(keepOld ? this.#keys : [])];
  }

  /** A token of the newest key; `claims` beside, or instead of, those that every token has. */
  async token(claims: JWTPayload = {}, header: Record<string, string> = {}): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('there is no key');
    const now = Math.floor(Date.now() / 1_000);
    const usual = { iss: this.issuer, aud: 'agentrun', sub: 'ann', iat: now, exp: now + 300 };
    return new SignJWT(defined({ ...usual, ...claims }))
      .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
      .sign(key.privateKey);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #document(url = ''): unknown {
    if (url === '/keys') return { keys: this.#keys.map(({ jwk }) => jwk) };
    return { issuer: this.issuer, jwks_uri: this.jwksUrl, ...this.claims };
  }
}

function defined(claims: JWTPayload): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
