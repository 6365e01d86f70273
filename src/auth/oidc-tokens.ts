import { decodeJwt, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { OidcTrust } from '../config/oidc-settings.js';
import { AgentRunError, forbidden } from '../domain/errors.js';
import type { OperatorPrincipal } from '../domain/principal.js';
import { operatorOf } from './oidc-claims.js';
import { OidcKeys, type OidcKeyTimes } from './oidc-keys.js';

export interface OidcTokens {
  /**
   * The operator whose token it is; undefined where it is none of the issuer's, for somebody else, over, or altered.
   * @throws forbidden for a good token without a tenant; unavailable('identity') where the issuer's keys cannot be had.
   */
  readonly verify: (token: string) => Promise<OperatorPrincipal | undefined>;
}

/** Bearer tokens of an OpenID Connect provider, verified here by its published keys. */
export function oidcTokens(trust: OidcTrust, times?: Partial<OidcKeyTimes>): OidcTokens {
  const keys = new OidcKeys(trust, times);
  return {
    async verify(token) {
      // Anything that does not even say it is the issuer's asks nobody for keys.
      if (issuerOf(token) !== trust.issuer) return undefined;
      const claims = await verifiedClaims(token, trust, keys);
      if (claims === undefined) return undefined;
      const operator = operatorOf(claims, trust);
      if (operator === undefined) throw forbidden('the token names no tenant that it may act for');
      return operator;
    },
  };
}

async function verifiedClaims(token: string, trust: OidcTrust, keys: OidcKeys): Promise<JWTPayload | undefined> {
  const { issuer, audience, algorithms, clockToleranceSeconds: clockTolerance } = trust;
  const options = { issuer, audience, algorithms: [...algorithms], clockTolerance, requiredClaims: ['exp', 'sub'] };
  const key: JWTVerifyGetKey = (header, input) => keys.key(header, input);
  try {
    return (await jwtVerify(token, key, options)).payload;
  } catch (error) {
    if (error instanceof AgentRunError) throw error;
    // Every way in which a token can be wrong is the same to its bearer.
    return undefined;
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
