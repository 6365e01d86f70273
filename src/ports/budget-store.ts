import type { TenantBudget, TenantBudgetUpdate } from '../contract/tenant-budget.js';
import type { BudgetFacts } from '../domain/budgets.js';
import type { TenantScope } from './run-store.js';

/** A task whose attempt is live and which, or whose tenant, has a cap. */
export interface BudgetedTask extends BudgetFacts {
  readonly taskId: string;
  readonly attempt: number;
}

/** Caps, and what of them is used. All methods throw `unavailable('database')` when PostgreSQL cannot be reached. */
export interface BudgetStore {
  /** Undefined where the tenant has no caps. */
  get(tenantId: string): Promise<TenantBudget | undefined>;
  /** By tenant. */
  list(query: {
    tenants: TenantScope;
    limit: number;
    cursor?: string;
  }): Promise<{ items: TenantBudget[]; nextCursor?: string }>;
  put(tenantId: string, update: TenantBudgetUpdate): Promise<TenantBudget>;
  /** False where there was none. */
  delete(tenantId: string): Promise<boolean>;
  /** What the task and its tenant may use and have used; undefined where neither has a cap. */
  ofTask(taskId: string): Promise<BudgetedTask | undefined>;
  /** All tasks with a live attempt and a cap. */
  listRunning(): Promise<BudgetedTask[]>;
}
