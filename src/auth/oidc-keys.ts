import { createRemoteJWKSet, customFetch, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose';
import type { OidcTrust } from '../config/oidc-settings.js';
import { AgentRunError, unavailable } from '../domain/errors.js';

/** Durations in milliseconds; the defaults are those of an installation. */
export interface OidcKeyTimes {
  /** Keys that are older are asked for again, while they go on being used. */
  readonly refreshMs: number;
  /** Keys that nobody could renew for so long are used no more: the issuer may have taken them back. */
  readonly staleMs: number;
  /** A token with an unknown key asks for the keys anew so often at most. */
  readonly cooldownMs: number;
  /** After an issuer did not answer, it is let alone for so long. */
  readonly pauseMs: number;
  readonly timeoutMs: number;
}

const TIMES: OidcKeyTimes = {
  refreshMs: 600_000,
  staleMs: 86_400_000,
  cooldownMs: 30_000,
  pauseMs: 2_000,
  timeoutMs: 3_000,
};

type KeySet = ReturnType<typeof createRemoteJWKSet>;
type Key = Awaited<ReturnType<KeySet>>;

/**
 * The issuer's public keys, fetched when first needed, renewed beside their use: an issuer that is down stops nobody whose key is known.
 * Nothing is fetched more often than the times say, whatever tokens are sent here.
 */
export class OidcKeys {
  readonly #times: OidcKeyTimes;
  #set: KeySet | undefined;
  #finding: Promise<KeySet> | undefined;
  #readAtMs = -Infinity;
  #failedAtMs = -Infinity;

  constructor(
    private readonly trust: Pick<OidcTrust, 'issuer' | 'jwksUrl'>,
    times: Partial<OidcKeyTimes> = {},
  ) {
    this.#times = { ...TIMES, ...times };
  }

  /** @throws unavailable('identity') where the issuer must be asked and does not answer; jose's own error where it has no such key. */
  async key(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    try {
      const set = await this.#keySet();
      await this.#renew(set);
      return await set(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw error instanceof AgentRunError ? error : unavailable('identity', error);
    }
  }

  /** Once for all who wait; again after it failed. */
  async #keySet(): Promise<KeySet> {
    if (this.#set !== undefined) return this.#set;
    this.#finding ??= this.#find().finally(() => (this.#finding = undefined));
    return (this.#set = await this.#finding);
  }

  async #find(): Promise<KeySet> {
    const { timeoutMs, cooldownMs } = this.#times;
    return createRemoteJWKSet(new URL(this.trust.jwksUrl ?? (await this.#discover())), {
      timeoutDuration: timeoutMs,
      cooldownDuration: cooldownMs,
      // How old they may become is said here: a set that is old is better than none.
      cacheMaxAge: Infinity,
      [customFetch]: async (url, options) => {
        const response = await this.#fetch(url, options);
        if (response.status === 200) this.#readAtMs = performance.now();
        return response;
      },
    });
  }

  async #renew(set: KeySet): Promise<void> {
    const ageMs = performance.now() - this.#readAtMs;
    if (ageMs < this.#times.refreshMs || set.jwks() === undefined) return;
    const renewal = set.reload();
    if (ageMs >= this.#times.staleMs) await renewal;
    else renewal.catch(() => undefined);
  }

  async #discover(): Promise<string> {
    const issuer = this.trust.issuer.replace(/\/$/, '');
    const signal = AbortSignal.timeout(this.#times.timeoutMs);
    const response = await this.#fetch(`${issuer}/.well-known/openid-configuration`, { signal, redirect: 'manual' });
    const found = response.ok ? ((await response.json()) as Record<string, unknown>) : {};
    // Another issuer's document would lead to another's keys.
    if (found['issuer'] !== this.trust.issuer) throw new Error('the discovery document is not that of the issuer');
    const address = String(found['jwks_uri']);
    const { protocol } = new URL(address);
    if (protocol !== new URL(issuer).protocol && protocol !== 'https:') throw new Error('its keys are not at https');
    return address;
  }

  async #fetch(url: string, options: RequestInit): Promise<Response> {
    if (performance.now() - this.#failedAtMs < this.#times.pauseMs)
      throw new Error('the issuer did not answer just now');
    try {
      const response = await fetch(url, options);
      if (response.status !== 200) this.#failedAtMs = performance.now();
      return response;
    } catch (error) {
      this.#failedAtMs = performance.now();
      throw error;
    }
  }
}
