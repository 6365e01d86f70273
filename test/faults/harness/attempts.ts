import { setTimeout as delay } from 'node:timers/promises';
import type { Round } from './round.js';
import type { Victim } from './victims.js';

/** Waits until a later attempt of the victim's run is claimed; answers when that was, by the wall clock. */
export async function untilClaimedAgain(round: Round, { runId, attempt }: Victim, timeoutMs = 60_000): Promise<number> {
  for (const giveUpAt = Date.now() + timeoutMs; ;) {
    const [change] = await round.system.query<{ at: Date }>(
      `SELECT at FROM fault_audit WHERE thing = 'runs' AND id = $1 AND (becomes ->> 'attempt')::int > $2
       AND becomes ->> 'status' = 'claimed' ORDER BY n LIMIT 1`,
      [runId, attempt],
    );
    if (change !== undefined) return change.at.getTime();
    if (Date.now() > giveUpAt) throw new Error(`run ${runId}: nobody claimed an attempt after ${attempt}`);
    await delay(50);
  }
}
