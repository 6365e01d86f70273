import { Type, type Static } from 'typebox';
import { BUDGET_PERIODS } from '../domain/budgets.js';
import { Name, Nullable, Timestamp, ValuesPrinted } from './common.js';

const Tokens = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const WallTime = Type.Integer({ minimum: 1_000, maximum: Number.MAX_SAFE_INTEGER });

/** Caps of a tenant: what its tasks' agents may use in a calendar day or month in UTC. What is absent or null has no cap. */
export const TenantBudgetUpdate = Type.Object(
  {
    period: Type.Optional(Type.Enum(BUDGET_PERIODS, { default: 'day' })),
    /** As agents count them, of all runs of the tenant. */
    maxTokens: Type.Optional(Nullable(Tokens)),
    /** Milliseconds in which attempts of its tasks were live, all together. */
    maxWallTimeMs: Type.Optional(Nullable(WallTime)),
  },
  { additionalProperties: false },
);
export type TenantBudgetUpdate = Static<typeof TenantBudgetUpdate>;

export const TenantBudget = Type.Object({
  tenantId: Name,
  period: Type.Enum(BUDGET_PERIODS),
  maxTokens: Nullable(Tokens),
  maxWallTimeMs: Nullable(WallTime),
  /** In the period that runs now. */
  usedTokens: Type.Integer({ minimum: 0 }),
  usedWallTimeMs: Type.Integer({ minimum: 0 }),
  /** When the period ends, and its caps begin anew. */
  periodEndsAt: Timestamp,
  exceeded: Type.Boolean(),
  updatedAt: Timestamp,
  valuesPrinted: ValuesPrinted,
});
export type TenantBudget = Static<typeof TenantBudget>;

export const TenantBudgetDeleted = Type.Object({
  action: Type.Literal('budget-deleted'),
  tenantId: Name,
  valuesPrinted: ValuesPrinted,
});
export type TenantBudgetDeleted = Static<typeof TenantBudgetDeleted>;
