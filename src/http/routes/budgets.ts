import { Name, Page } from '../../contract/common.js';
import { TenantBudget, TenantBudgetDeleted, TenantBudgetUpdate } from '../../contract/tenant-budget.js';
import { tenantScope } from '../../operations/access.js';
import { deleteTenantBudget, readTenantBudget, setTenantBudget } from '../../operations/budgets/tenant-budgets.js';
import { cursor, limit } from '../query-fields.js';
import { route, type Route } from '../route.js';

const tag = 'queue';
const params = { tenantId: Name };

/** What tenants may use in a day or a month. */
export const budgetRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/queue/budgets',
    operationId: 'listTenantBudgets',
    tag,
    summary: 'Caps of tenants and what of them is used, by tenant',
    auth: 'operator',
    query: { limit: limit(50), cursor },
    answer: Page(TenantBudget),
    handle: ({ principal, query }, { operations }) =>
      operations.budgets.list({ tenants: tenantScope(principal), ...query }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/queue/budgets/:tenantId',
    operationId: 'getTenantBudget',
    tag,
    summary: "A tenant's caps and what of them is used",
    auth: 'operator',
    params,
    answer: TenantBudget,
    handle: ({ principal, params }, { operations }) => readTenantBudget(operations, principal, params.tenantId),
  }),
  route({
    method: 'PUT',
    path: '/api/v1/queue/budgets/:tenantId',
    operationId: 'putTenantBudget',
    tag,
    summary: 'Set what a tenant may use',
    description:
      'Replaces all caps: what is absent has none. An attempt of a task that passes a cap is interrupted, and its task ends as `blocked` with `budget-exceeded`; one that would begin over a cap does not. Runs that no task started are counted, and go on.',
    auth: 'operator',
    params,
    body: TenantBudgetUpdate,
    bodyExample: { period: 'day', maxTokens: 5_000_000 },
    answer: TenantBudget,
    handle: ({ principal, params, body }, { operations }) =>
      setTenantBudget(operations, principal, params.tenantId, body),
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/queue/budgets/:tenantId',
    operationId: 'deleteTenantBudget',
    tag,
    summary: "Take a tenant's caps away",
    auth: 'operator',
    params,
    answer: TenantBudgetDeleted,
    handle: ({ principal, params }, { operations }) => deleteTenantBudget(operations, principal, params.tenantId),
  }),
];
