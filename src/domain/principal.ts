/** Who speaks. Tenants are a boundary: a thing of another tenant looks missing. */
export type Principal = OperatorPrincipal | RunnerPrincipal;

export interface OperatorPrincipal {
  readonly kind: 'operator';
  readonly name: string;
  /** Tenants it may see and act for. */
  readonly tenants: 'all' | readonly string[];
  /** From then on (epoch ms) its token is good for nothing; absent: it has no end. */
  readonly expiresAtMs?: number;
}

/** A runner speaks for one attempt of one run, and for nothing else. */
export interface RunnerPrincipal {
  readonly kind: 'runner';
  readonly runId: string;
  readonly tenantId: string;
  readonly attempt: number;
  readonly runnerId: string;
}

/** True when the principal may see the tenant's things. */
export function seesTenant(principal: Principal, tenantId: string): boolean {
  if (principal.kind === 'runner') return principal.tenantId === tenantId;
  return principal.tenants === 'all' || principal.tenants.includes(tenantId);
}
