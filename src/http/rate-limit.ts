import type { ServerResponse } from 'node:http';
import type { OperatorPrincipal, Principal } from '../domain/principal.js';
import { AgentRunError } from '../domain/errors.js';
import { TokenBuckets } from './token-buckets.js';

/** How much may be asked at once, as a number of seconds of what may be asked for good. */
const BURST_SECONDS = 10;
/** When one of the open requests may have ended. */
const OPEN_RETRY_MS = 5_000;

export interface RateLimits {
  /** Requests a second of one operator that sees some tenants only; 0: no limit. */
  readonly operatorPerSecond: number;
  /** Requests of one such operator that are open at one moment, event streams and long polls among them; 0: no limit. */
  readonly operatorOpen: number;
  /** Bad tokens a second from one address; 0: no limit. */
  readonly badTokensPerSecond: number;
}

/**
 * What keeps one tenant's operator from taking the API away from the others. Operators of all tenants are the installation's own, and a
 * runner is never made to wait: its heartbeat would come too late. Each process counts for itself.
 */
export class RateLimit {
  readonly #operators: TokenBuckets;
  readonly #badTokens: TokenBuckets;
  readonly #open = new Map<string, number>();
  readonly #maxOpen: number;

  constructor({ operatorPerSecond, operatorOpen, badTokensPerSecond }: RateLimits) {
    this.#maxOpen = operatorOpen === 0 ? Infinity : operatorOpen;
    this.#operators = new TokenBuckets(operatorPerSecond, operatorPerSecond * BURST_SECONDS);
    this.#badTokens = new TokenBuckets(badTokensPerSecond, badTokensPerSecond * BURST_SECONDS);
  }

  /** Counts it as open until its response is closed. @throws rate-limited with `details.retryAfterMs`. */
  countRequest(principal: Principal, response: ServerResponse): void {
    if (!isLimited(principal)) return;
    const { name } = principal;
    refuseFor(this.#operators.take(name), 'you ask too often');
    const open = this.#open.get(name) ?? 0;
    refuseFor(open < this.#maxOpen ? 0 : OPEN_RETRY_MS, 'you have too many requests open');
    if (response.destroyed) return;
    this.#open.set(name, open + 1);
    response.once('close', () => this.#closed(name));
  }

  #closed(name: string): void {
    const open = (this.#open.get(name) ?? 1) - 1;
    if (open === 0) this.#open.delete(name);
    else this.#open.set(name, open);
  }

  /** Good tokens from the same address, behind the same proxy, are not concerned. @throws rate-limited with `details.retryAfterMs`. */
  countBadToken(address: string): void {
    refuseFor(this.#badTokens.take(address), 'too many bad tokens come from this address');
  }
}

function isLimited(principal: Principal): principal is OperatorPrincipal {
  return principal.kind === 'operator' && principal.tenants !== 'all';
}

function refuseFor(retryAfterMs: number, why: string): void {
  if (retryAfterMs === 0) return;
  throw new AgentRunError('rate-limited', 'unavailable', `${why}; try again later`, { retryAfterMs });
}
