import type { AgentEvent } from '../backend.js';
import type { ThreadTokenUsage, TokenCounts } from './protocol.js';

/**
 * Counts of the thread and of the turn. Codex tells the newest response again after a resume, an interrupt and a steer, so
 * that only its totals may be trusted: a turn's are those at its end less those at its start.
 */
export class ThreadUsage {
  #totals: TokenCounts | null = null;
  #atTurnStart: TokenCounts | null = null;

  beginTurn(): void {
    this.#atTurnStart = this.#totals;
  }

  /** Told before the turn, as after a resume. */
  learn({ total }: ThreadTokenUsage): void {
    this.#totals = total;
  }

  /** Undefined where nothing is new. */
  event({ total, last, modelContextWindow }: ThreadTokenUsage): AgentEvent | undefined {
    if (this.#totals !== null && same(this.#totals, total)) return undefined;
    this.#totals = total;
    const turn = less(total, this.#atTurnStart);
    return { type: 'token_usage', payload: { totals: total, last, turn, modelContextWindow } };
  }
}

function less(total: TokenCounts, before: TokenCounts | null): Record<string, number> {
  const start: Partial<Record<string, number>> = { ...before };
  const entries = Object.entries(total) as [string, number][];
  return Object.fromEntries(entries.map(([name, count]) => [name, Math.max(0, count - (start[name] ?? 0))]));
}

function same(a: TokenCounts, b: TokenCounts): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
