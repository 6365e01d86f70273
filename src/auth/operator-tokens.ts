import { timingSafeEqual } from 'node:crypto';
import type { OperatorPrincipal } from '../domain/principal.js';
import { tokenDigest } from './token-digest.js';

/** An operator's secret and what it may see. */
export interface OperatorToken {
  readonly name: string;
  readonly token: string;
  readonly tenants: OperatorPrincipal['tenants'];
}

/**
 * Knows operators by the digests of their tokens; the tokens themselves are not kept.
 * A lookup compares with every digest in constant time, so its duration tells nothing of which one came close.
 */
export class OperatorTokens {
  readonly #entries: readonly { digest: Buffer; principal: OperatorPrincipal }[];

  constructor(tokens: readonly OperatorToken[]) {
    this.#entries = tokens.map(({ name, token, tenants }) => ({
      digest: tokenDigest(token),
      principal: { kind: 'operator', name, tenants },
    }));
  }

  get count(): number {
    return this.#entries.length;
  }

  authenticate(token: string): OperatorPrincipal | undefined {
    const digest = tokenDigest(token);
    let found: OperatorPrincipal | undefined;
    for (const entry of this.#entries) {
      const same = timingSafeEqual(entry.digest, digest);
      found = same ? entry.principal : found;
    }
    return found;
  }
}
