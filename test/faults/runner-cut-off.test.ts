import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { processesOfJob } from '../support/live-runner.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { stoodStillMs } from './harness/stood-still.js';
import { untilAtWork, type Victim } from './harness/victims.js';
import { generate, perform } from './harness/workload.js';

/** Of a length that leaves a runner more than half a second, the tenth of it, in which to end its agent on a busy machine. */
const LEASE_MS = 6_000;

faultRounds('fault 3: runners are cut off from the manager', {
  fault: 'runner-cut-off',
  file: import.meta.url,
  before: async (system) =>
    system.replaceWorkers(async () => system.startWorker({ AGENTRUN_RUNNER_LEASE_MS: String(LEASE_MS) })),
  after: async (system) => system.replaceWorkers(async () => system.startWorker()),
  async inject(round) {
    const { dice, system } = round;
    const workload = generate(round, { sessions: 2, sendsOfEach: 2, tasks: 1, steps: [64, 70] });
    const plan = { afterMs: dice.between(0, 400), forMs: dice.between(LEASE_MS / 2, 2 * LEASE_MS) };
    round.tell('plan', plan);
    const performing = perform(round, workload);
    const victims = await untilAtWork(round, 3);
    await performing;
    await delay(plan.afterMs);
    round.tell('cut', victims);
    system.network.cut();
    const healing = delay(plan.forMs).then(() => {
      round.tell('heal');
      system.network.heal();
    });
    await Promise.all([...victims.map(async (victim) => agentStopsInTime(round, victim)), healing]);
  },
});

/** Either its agent is gone before its lease is over, or the lease was renewed in time. */
async function agentStopsInTime(round: Round, { jobName, runId, attempt }: Victim): Promise<void> {
  const leaseEnd = async () => {
    const [lease] = await round.system.query<{ attempt: number; ends: Date | null }>(
      'SELECT attempt, expires_at AS ends FROM run_leases WHERE run_id = $1 AND alive',
      [runId],
    );
    return lease?.attempt === attempt ? lease.ends?.getTime() : undefined;
  };
  for (let endsAtMs = await leaseEnd(); ; endsAtMs = await leaseEnd()) {
    const lookedAtMs = Date.now();
    const isGone = processesOfJob(jobName).length <= RUNNER_ITSELF;
    if (isGone && endsAtMs !== undefined) round.figure('agent gone before the lease was over', endsAtMs - lookedAtMs);
    if (isGone) return;
    // Looked at again: it may have been renewed meanwhile.
    const latestMs = await leaseEnd();
    // A machine that stood still kept its agent from being ended, and from doing anything.
    const awakeAtMs = lookedAtMs - stoodStillMs(lookedAtMs - 3 * LEASE_MS);
    assert.ok(latestMs !== undefined && awakeAtMs < latestMs, `${jobName}: its agent outlived its lease`);
    await delay(80);
  }
}

/** The wrapper and the runner program. */
const RUNNER_ITSELF = 2;
