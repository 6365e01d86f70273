import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess } from '../../src/processes/process-tree.js';
import type { Loose } from '../support/api.js';
import { processesOfJob, runnerOfJob } from '../support/live-runner.js';
import { untilClaimedAgain } from './harness/attempts.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { BACKOFF_MS, within } from './harness/settings.js';
import { untilAtWork, type Victim } from './harness/victims.js';
import { generate, perform } from './harness/workload.js';

/** From a runner's death to its successor's claim, beside the backoff. */
const REPLACED_MS = within(5_000, 15_000);
const HOW = ['runner', 'with its wrapper', 'everything'] as const;

interface Kill {
  readonly afterMs: number;
  readonly how: (typeof HOW)[number];
}

faultRounds('fault 1: a runner is killed', {
  fault: 'runner-killed',
  together: true,
  file: import.meta.url,
  async inject(round) {
    const { dice } = round;
    const workload = generate(round, { sessions: 2, sendsOfEach: 2, tasks: 1, steps: [30, 36] });
    const kills = Array.from({ length: dice.between(1, 2) }, () => ({
      afterMs: dice.between(0, 800),
      how: dice.pick(HOW),
    }));
    round.tell('plan', kills);
    const performing = perform(round, workload);
    const replaced: Promise<void>[] = [];
    const victims = new Set<string>();
    for (const kill of kills) {
      const victim = (await untilAtWork(round, 1, victims))[0];
      if (victim === undefined) throw new Error('there is no victim');
      victims.add(victim.jobName);
      replaced.push(killed(round, victim, kill));
    }
    await Promise.all([...replaced, performing]);
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
  await isTold(round, victim, how);
}

/** What became of the Job, and of its attempt. With the wrapper goes who could say how the runner ended. */
async function isTold({ api }: Round, { jobName, runId, attempt }: Victim, how: Kill['how']): Promise<void> {
  const { items } = await api.get(`/api/v1/runs/${runId}/runner-jobs`);
  const { status, reason, exitCode } = items.find((job: Loose) => job.jobName === jobName);
  if (how === 'runner') assert.deepEqual([status, reason, exitCode], ['failed', 'killed', 137]);
  else assert.ok(['killed', 'vanished'].includes(reason), `${jobName} is ${status}: ${reason}`);
  const events = await api.events(runId);
  const lost = events.find(({ payload }) => payload.phase === 'attempt-lost' && payload.attempt === attempt);
  assert.deepEqual([lost.payload.reason, lost.payload.willRetry], ['runner-exited', true]);
}
