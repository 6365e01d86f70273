/** In which a tenant's caps hold: a calendar day or month in UTC. */
export const BUDGET_PERIODS = ['day', 'month'] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** What may be used, and what was. Tokens as agents count them; times in milliseconds. Null: no cap. */
export interface BudgetFacts {
  readonly maxTokens: number | null;
  readonly usedTokens: number;
  /** The task's own; `usedWallTimeMs`: of its attempts that have ended. */
  readonly maxWallTimeMs: number | null;
  readonly usedWallTimeMs: number;
  readonly tenant: {
    readonly period: BudgetPeriod;
    readonly maxTokens: number | null;
    readonly usedTokens: number;
    readonly maxWallTimeMs: number | null;
    readonly usedWallTimeMs: number;
  } | null;
}

/** Which cap is used up, in a sentence; null while none is. Pure. */
export function exceededBudget({ tenant, ...task }: BudgetFacts): string | null {
  if (isUp(task.maxTokens, task.usedTokens)) return `The task used ${task.usedTokens} of its ${task.maxTokens} tokens.`;
  if (isUp(task.maxWallTimeMs, task.usedWallTimeMs)) return usedAllWallTime(task.maxWallTimeMs ?? 0);
  if (tenant === null) return null;
  const { period } = tenant;
  if (isUp(tenant.maxTokens, tenant.usedTokens))
    return `The tenant used ${tenant.usedTokens} of its ${tenant.maxTokens} tokens of this ${period} (UTC).`;
  if (isUp(tenant.maxWallTimeMs, tenant.usedWallTimeMs))
    return `The tenant used ${seconds(tenant.usedWallTimeMs)} of its ${seconds(tenant.maxWallTimeMs ?? 0)} of this ${period} (UTC).`;
  return null;
}

/** How a task is told that it is over its time. */
export function usedAllWallTime(maxWallTimeMs: number): string {
  return `The task used all of its wall time, ${Math.round(maxWallTimeMs / 100) / 10} s.`;
}

/** More than any turn takes. */
const MOST_OF_TURN = 1_000_000_000_000;

/** Tokens of the turn that a usage report tells of, so far, a trillion at most; null where it tells none. Pure. */
export function tokensOfTurn(report: Readonly<Record<string, unknown>>): number | null {
  const counts = asObject(report.turn) ?? asObject(report.usage);
  const total = counts?.totalTokens;
  return typeof total === 'number' && Number.isSafeInteger(total) && total > 0 ? Math.min(total, MOST_OF_TURN) : null;
}

function isUp(cap: number | null, used: number): boolean {
  return cap !== null && used >= cap;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
