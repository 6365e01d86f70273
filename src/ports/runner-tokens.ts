import type { RunnerPrincipal } from '../domain/principal.js';

/** Tokens of runners that wait for their run. They speak for nothing but that, and whether one is used up is asked of the store. */
export interface ClaimTokens {
  issue(warmRunnerId: string): Promise<string>;
  /** The warm runner's id; undefined for anything we did not sign. */
  verify(token: string): Promise<string | undefined>;
}

/** Signed tokens by which a runner speaks for one attempt. They die with the attempt, not by the clock. */
export interface RunnerTokens {
  issue(principal: Omit<RunnerPrincipal, 'kind'>): Promise<string>;
  /** Undefined for anything we did not sign. Whether the attempt still lives is asked at each write. */
  verify(token: string): Promise<RunnerPrincipal | undefined>;
}
