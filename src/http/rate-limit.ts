import type { OperatorPrincipal, Principal } from '../domain/principal.js';
import { AgentRunError } from '../domain/errors.js';
import { TokenBuckets } from './token-buckets.js';

/** How much may be asked at once, as a number of seconds of what may be asked for good. */
const BURST_SECONDS = 10;

export interface RateLimits {
  /** Requests a second of one operator that sees some tenants only; 0: no limit. */
  readonly operatorPerSecond: number;
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

  constructor({ operatorPerSecond, badTokensPerSecond }: RateLimits) {
    this.#operators = new TokenBuckets(operatorPerSecond, operatorPerSecond * BURST_SECONDS);
    this.#badTokens = new TokenBuckets(badTokensPerSecond, badTokensPerSecond * BURST_SECONDS);
  }

  /** @throws rate-limited with `details.retryAfterMs`. */
  countRequest(principal: Principal): void {
    if (isLimited(principal)) refuseFor(this.#operators.take(principal.name), 'you ask too often');
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
