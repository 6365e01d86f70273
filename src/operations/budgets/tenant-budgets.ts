import type { TenantBudget, TenantBudgetDeleted, TenantBudgetUpdate } from '../../contract/tenant-budget.js';
import { missing } from '../../domain/errors.js';
import { seesTenant, type Principal } from '../../domain/principal.js';
import { requireInstallation } from '../access.js';
import type { OperationContext } from '../context.js';

/** @throws missing for a tenant without caps, and for one that the principal does not see. */
export async function readTenantBudget(
  context: OperationContext,
  principal: Principal,
  tenantId: string,
): Promise<TenantBudget> {
  const budget = seesTenant(principal, tenantId) ? await context.budgets.get(tenantId) : undefined;
  if (budget === undefined) throw missing('budget', tenantId);
  return budget;
}

/** Caps are set for tenants, not by them. @throws forbidden for an operator of some tenants only. */
export async function setTenantBudget(
  context: OperationContext,
  principal: Principal,
  tenantId: string,
  update: TenantBudgetUpdate,
): Promise<TenantBudget> {
  requireInstallation(principal);
  return context.budgets.put(tenantId, update);
}

/** @throws forbidden for an operator of some tenants only; missing. */
export async function deleteTenantBudget(
  context: OperationContext,
  principal: Principal,
  tenantId: string,
): Promise<TenantBudgetDeleted> {
  requireInstallation(principal);
  if (!(await context.budgets.delete(tenantId))) throw missing('budget', tenantId);
  return { action: 'budget-deleted', tenantId, valuesPrinted: false };
}
