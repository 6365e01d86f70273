import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess } from '../../src/processes/process-tree.js';
import { processesOfJob, runnerOfJob } from '../support/live-runner.js';
import { untilClaimedAgain } from './harness/attempts.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { BACKOFF_MS } from './harness/settings.js';
import { untilAtWork, type Victim } from './harness/victims.js';
import { generate, perform } from './harness/workload.js';

/** From a runner's death to its successor's claim, beside the backoff. */
const REPLACED_MS = 5_000;
const HOW = ['runner', 'with its wrapper', 'everything'] as const;

interface Kill {
  readonly afterMs: number;
  readonly how: (typeof HOW)[number];
}

faultRounds('fault 1: a runner is killed', {
  fault: 'runner-killed',
  file: import.meta.url,
  async inject(round) {
    const { dice } = round;
    const workload = generate(round, { sessions: 2, sendsOfEach: 2, tasks: 1, steps: [8, 12] });
    const kills = [0, 1, 2].map(() => ({ afterMs: dice.between(0, 800), how: dice.pick(HOW) }));
    const chosen = dice.shuffled([...kills.keys()]).slice(0, dice.between(1, 2));
    const performing = perform(round, workload);
    const victims = await untilAtWork(round, 3);
    await Promise.all(
      chosen.map(async (index) => {
        const [victim, kill] = [victims[index], kills[index]];
        if (victim && kill) await killed(round, victim, kill);
      }),
    );
    await performing;
  },
});

async function killed(round: Round, victim: Victim, { afterMs, how }: Kill): Promise<void> {
  await delay(afterMs);
  const { wrapper, runner } = runnerOfJob(victim.jobName);
  round.tell('SIGKILL', { how, ...victim });
  const atMs = Date.now();
  if (how === 'runner') process.kill(runner.pid, 'SIGKILL');
  else if (how === 'with its wrapper') process.kill(-wrapper.pid, 'SIGKILL');
  else for (const { pid } of processesOfJob(victim.jobName)) signalProcess(pid, 'SIGKILL');
  const claimedAtMs = await untilClaimedAgain(round, victim);
  round.figure('killed to claimed again', claimedAtMs - atMs);
  const tookMs = claimedAtMs - atMs;
  assert.ok(tookMs < BACKOFF_MS + REPLACED_MS, `${victim.jobName} was replaced after ${tookMs} ms`);
  assert.deepEqual(processesOfJob(victim.jobName), [], 'nothing of the first is left when the second claims');
}
