import assert from 'node:assert/strict';
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

/** Nobody's lease was lost, and nobody's Job was made again. */
export async function assertSameAttempts({ system }: Round, runIds: readonly string[]): Promise<void> {
  const lost = await system.query(
    `SELECT r.id, r.attempt, (SELECT count(*)::int FROM runner_jobs j WHERE j.run_id = r.id) AS jobs
     FROM runs r WHERE r.id = ANY ($1) AND (r.attempt > 1 OR (SELECT count(*) FROM runner_jobs j WHERE j.run_id = r.id) > 1)`,
    [runIds],
  );
  assert.deepEqual(lost, [], 'every run is in its first attempt');
}
