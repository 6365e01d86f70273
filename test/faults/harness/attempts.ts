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

/** The attempts of the round that a runner holds now, by their runs. */
export async function liveAttempts({ system, beganAt }: Round): Promise<ReadonlyMap<string, number>> {
  const leases = await system.query<{ run_id: string; attempt: number }>(
    'SELECT l.run_id, l.attempt FROM run_leases l JOIN runs r ON r.id = l.run_id WHERE l.alive AND r.created_at >= $1',
    [beganAt],
  );
  return new Map(leases.map(({ run_id: runId, attempt }) => [runId, attempt]));
}

/** Nobody's lease was lost. */
export async function assertSameAttempts({ system }: Round, before: ReadonlyMap<string, number>): Promise<void> {
  const runs = await system.query<{ id: string; attempt: number }>('SELECT id, attempt FROM runs WHERE id = ANY ($1)', [
    [...before.keys()],
  ]);
  const after = runs.map(({ id, attempt }) => [id, attempt] as const);
  assert.deepEqual(new Map(after), new Map(before), 'whoever held an attempt still holds it');
}

/** No run of the round was ever given to a second runner. */
export async function assertFirstAttempts({ system, beganAt }: Round): Promise<void> {
  const further = await system.query('SELECT id, attempt FROM runs WHERE created_at >= $1 AND attempt > 1', [beganAt]);
  assert.deepEqual(further, [], 'every run is in its first attempt');
}
