import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { RUNNER_EXIT_CODES } from '../../src/domain/runner-program.js';
import { signalProcess } from '../../src/processes/process-tree.js';
import { processesOfJob, untilEnded, untilPrinted } from '../support/live-runner.js';
import { untilClaimedAgain } from './harness/attempts.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { RunnerByHand } from './harness/runner-by-hand.js';
import { within } from './harness/settings.js';
import { RUN } from './harness/system.js';
import { untilAtWork, type Victim } from './harness/victims.js';
import { generate, perform, promptOf } from './harness/workload.js';

/** A machine that is thawed ends its agent in seconds. */
const STOPPED_MS = within(8_000, 25_000);

faultRounds('fault 2: a runner is frozen past its lease, and thawed', {
  fault: 'runner-frozen',
  together: true,
  file: import.meta.url,
  async inject(round) {
    const { dice } = round;
    const workload = generate(round, { sessions: 1, sendsOfEach: 2, tasks: 0, steps: [6, 10] });
    const plan = { afterMs: dice.between(0, 500), thawAfterMs: dice.between(0, 1_500), alone: dice.chance(0.5) };
    round.tell('plan', plan);
    const performing = perform(round, workload);
    const [victim] = await untilAtWork(round, 1);
    await Promise.all([
      victim && frozenJob(round, victim, plan),
      frozenByHand(round, { ...plan, thawAfterMs: plan.thawAfterMs + 500 }),
    ]);
    await performing;
  },
});

interface Freeze {
  readonly afterMs: number;
  readonly thawAfterMs: number;
  /** The runner alone: its agent goes on. */
  readonly alone: boolean;
}

/** The platform ends what it finds of the Job, frozen or not, before the next attempt begins. */
async function frozenJob(round: Round, victim: Victim, { afterMs, thawAfterMs }: Freeze): Promise<void> {
  await delay(afterMs);
  const frozen = processesOfJob(victim.jobName);
  for (const { pid } of frozen) signalProcess(pid, 'SIGSTOP');
  const atMs = Date.now();
  round.figure('frozen to claimed again', (await untilClaimedAgain(round, victim)) - atMs);
  await delay(thawAfterMs);
  for (const { pid } of frozen) signalProcess(pid, 'SIGCONT');
  assert.deepEqual(processesOfJob(victim.jobName), []);
}

/** Nobody ends this one: it has to find out by itself. */
async function frozenByHand(round: Round, { afterMs, thawAfterMs, alone }: Freeze): Promise<void> {
  const { api } = round;
  const run = await api.ok('POST', '/api/v1/runs', { ...RUN, idempotencyKey: round.name('by-hand') });
  const operation = round.name('by-hand-0');
  const payload = { prompt: promptOf({ id: operation, steps: 40, stepMs: 100 }) };
  const path = `/api/v1/runs/${run.id}`;
  const turn = await api.ok('POST', `${path}/commands`, { payload, idempotencyKey: operation });
  round.accepted.push({ operation, kind: 'command', id: turn.id });
  const runner = await RunnerByHand.start(round, run.id);
  try {
    await untilPrinted(api, turn, 'step 2');
    await delay(afterMs);
    const victim = { jobName: runner.jobName, runId: run.id, attempt: 1 };
    if (alone) signalProcess(runner.pid, 'SIGSTOP');
    else runner.signal('SIGSTOP');
    await untilLost(round, run.id);
    await api.ok('POST', `${path}/runner-jobs`, {});
    await untilClaimedAgain(round, victim);
    await delay(thawAfterMs);
    round.tell('SIGCONT', victim);
    const thawedAtMs = Date.now();
    runner.signal('SIGCONT');
    assert.equal(await runner.ended(), RUNNER_EXIT_CODES['attempt-over']);
    assert.deepEqual(processesOfJob(runner.jobName), [], 'nothing of the old attempt is left');
    const tookMs = Date.now() - thawedAtMs;
    round.figure('thawed to gone', tookMs);
    assert.ok(tookMs < STOPPED_MS, `the thawed runner was gone after ${tookMs} ms`);
    const accepted = runner.network.passed.filter(({ atMs, status }) => atMs >= thawedAtMs && status === 200);
    assert.deepEqual(accepted, [], 'writes of the old attempt');
    await untilEnded(api, run.id);
  } finally {
    await runner.dispose();
  }
}

async function untilLost({ system }: Round, runId: string): Promise<void> {
  for (;;) {
    const [run] = await system.query<{ attempt: number }>('SELECT attempt FROM runs WHERE id = $1', [runId]);
    if ((run?.attempt ?? 1) > 1) return;
    await delay(50);
  }
}
