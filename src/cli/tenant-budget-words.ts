import type { TenantBudget } from '../contract/tenant-budget.js';
import { clockTime } from './durations.js';
import type { Colors } from './output.js';
import { budgetWords } from './task-budget.js';

/** Caps of tenants in words. Pure. */

export function overWord({ exceeded }: TenantBudget, { red, green }: Colors): string {
  return exceeded ? red('✕ Used up') : green('▶ Open');
}

/** `162,000 of 5,000,000 tokens, 12 min of 24 h, until 2026-03-02 01:00:00 (day, UTC)`. */
export function capWords(budget: TenantBudget): string {
  const { maxTokens, maxWallTimeMs, usedTokens, usedWallTimeMs, period, periodEndsAt } = budget;
  const words = budgetWords({
    budget: { maxTokens, maxWallTimeMs },
    usage: { totalTokens: usedTokens, wallTimeMs: usedWallTimeMs },
  });
  const isCapped = maxTokens !== null || maxWallTimeMs !== null;
  const caps = isCapped ? words : `no caps${words === null ? '' : `, ${words} used`}`;
  return `${caps}, until ${clockTime(Date.parse(periodEndsAt), Date.now())} (${period}, UTC)`;
}

export function plainBudget(budget: TenantBudget): (string | number | null)[] {
  const { tenantId, period, maxTokens, maxWallTimeMs, usedTokens, usedWallTimeMs, periodEndsAt, exceeded } = budget;
  return [
    tenantId,
    exceeded ? 'exceeded' : 'open',
    period,
    usedTokens,
    maxTokens,
    usedWallTimeMs,
    maxWallTimeMs,
    periodEndsAt,
  ];
}
