import type { RunnerPrincipal } from '../domain/principal.js';

/** Signed tokens by which a runner speaks for one attempt. They die with the attempt, not by the clock. */
export interface RunnerTokens {
  issue(principal: Omit<RunnerPrincipal, 'kind'>): Promise<string>;
  /** Undefined for anything we did not sign. Whether the attempt still lives is asked at each write. */
  verify(token: string): Promise<RunnerPrincipal | undefined>;
}
