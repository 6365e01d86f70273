import type { JWTPayload } from 'jose';
import type { OidcTrust } from '../config/oidc-settings.js';
import { NAME_PATTERN } from '../contract/common.js';
import type { OperatorPrincipal } from '../domain/principal.js';

const NAME = new RegExp(NAME_PATTERN);
const MAX_TENANTS = 1_000;

/** Who the bearer of these claims is; undefined where they name neither a tenant nor an operator of all tenants. */
export function operatorOf(claims: JWTPayload, trust: OidcTrust): OperatorPrincipal | undefined {
  const tenants = isOfAllTenants(claims, trust) ? 'all' : tenantsOf(claims, trust);
  if (tenants.length === 0) return undefined;
  return { kind: 'operator', name: nameOf(claims, trust), tenants, ...endOf(claims, trust) };
}

/** As it is checked at each request: so much later as clocks may differ. */
function endOf({ exp }: JWTPayload, { clockToleranceSeconds }: OidcTrust): { expiresAtMs?: number } {
  return exp === undefined ? {} : { expiresAtMs: (exp + clockToleranceSeconds) * 1_000 };
}

function isOfAllTenants(claims: JWTPayload, { allTenants }: OidcTrust): boolean {
  return allTenants !== undefined && wordsOf(claimOf(claims, allTenants.claim)).includes(allTenants.value);
}

/** What can be no tenant's name is none. */
function tenantsOf(claims: JWTPayload, { tenantsClaim }: OidcTrust): string[] {
  const names = wordsOf(claimOf(claims, tenantsClaim)).filter((name) => NAME.test(name));
  return [...new Set(names)].slice(0, MAX_TENANTS);
}

/** Never the name of an operator whose token is in the settings. */
function nameOf(claims: JWTPayload, { nameClaim }: OidcTrust): string {
  const named = claimOf(claims, nameClaim);
  const name = typeof named === 'string' && named !== '' ? named : String(claims.sub);
  return `oidc:${name.replace(/[^\p{L}\p{N}._:@/+ -]/gu, '_').slice(0, 120)}`;
}

/** A claim by its name, or by its way through objects (`realm_access.roles`). */
function claimOf(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce<unknown>((inner, part) => {
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part)
      ? (inner as Record<string, unknown>)[part]
      : undefined;
  }, claims);
}

function wordsOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(/[\s,]+/).filter((word) => word !== '');
  return Array.isArray(claim) ? claim.filter((word): word is string => typeof word === 'string') : [];
}
