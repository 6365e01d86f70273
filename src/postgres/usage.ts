import { tokensOfTurn } from '../domain/budgets.js';
import type { EventAppendRequest, NewEvent } from '../ports/event-store.js';
import type { Queryable } from './queryable.js';

/** Of `command_usage u`. What is more than a number holds is told as the most that one does: no agent's word may break a list. */
export const SUM_OF_TOKENS = `least(coalesce(sum(u.total_tokens), 0), ${Number.MAX_SAFE_INTEGER})::bigint`;

/** An agent tells its turn's total again and again: the most of an attempt counts. A command of another run is none of this one's. */
const ADD = `INSERT INTO command_usage AS u (command_id, attempt, tenant_id, total_tokens)
  SELECT c.id, coalesce($3, r.attempt), r.tenant_id, $4 FROM commands c JOIN runs r ON r.id = c.run_id
  WHERE c.id = $1 AND c.run_id = $2
  ON CONFLICT (command_id, attempt) DO UPDATE
    SET total_tokens = greatest(u.total_tokens, excluded.total_tokens), updated_at = now()`;

/** Keeps what these events tell of tokens, where they do. Repeating is harmless. */
export async function addUsage(database: Queryable, { runId, fence, events }: EventAppendRequest): Promise<void> {
  for (const [commandId, tokens] of tokensByCommand(events))
    await database.query(ADD, [commandId, runId, fence?.attempt ?? null, tokens]);
}

function tokensByCommand(events: readonly NewEvent[]): Map<string, number> {
  const tokens = new Map<string, number>();
  for (const { type, payload } of events) {
    const { commandId } = payload;
    const count = type === 'token_usage' ? tokensOfTurn(payload) : null;
    if (count === null || typeof commandId !== 'string') continue;
    tokens.set(commandId, Math.max(count, tokens.get(commandId) ?? 0));
  }
  return tokens;
}
