import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { signalProcess } from '../../src/processes/process-tree.js';
import type { Loose } from '../support/api.js';
import { processesOfJob } from '../support/live-runner.js';
import { readLedgers } from './checker/ledger.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { untilAtWork } from './harness/victims.js';
import { generate, perform, type WorkloadSize } from './harness/workload.js';

/** Turns are short and sends come close together, so that many meet an end. In the last session everything is done to its end. */
const INTERRUPTED = 2;
const SIZE: WorkloadSize = {
  ...{ sessions: INTERRUPTED + 1, sendsOfEach: 7, tasks: 0, interrupted: INTERRUPTED },
  ...{ steps: [1, 4], stepMs: 120, mostBetweenMs: 900 },
};

faultRounds('fault 12: sends and steers race with the ends of turns, with interrupts and with new attempts', {
  fault: 'steers-race',
  together: true,
  file: import.meta.url,
  async inject(round) {
    const { dice } = round;
    const workload = generate(round, SIZE);
    const interrupts = Array.from({ length: 3 }, () => ({
      afterMs: dice.between(200, 1_500),
      session: dice.between(0, INTERRUPTED - 1),
    }));
    const kills = Array.from({ length: dice.between(0, 2) }, () => dice.between(300, 2_500));
    round.tell('plan', { interrupts, kills });
    const performing = perform(round, workload);
    const [killed] = await Promise.all([kill(round, kills), performing, interrupt(round, interrupts)]);
    await deliveryIsTrue(round, killed);
  },
});

async function interrupt(round: Round, plan: readonly { afterMs: number; session: number }[]): Promise<void> {
  for (const [number, { afterMs, session }] of plan.entries()) {
    await delay(afterMs);
    const { body } = await round.api.request('GET', `/api/v1/sessions/${round.name(`s${session}`)}`);
    const runId = body?.data?.activeRunId ?? null;
    if (runId === null) continue;
    const command = { type: 'interrupt', payload: {}, idempotencyKey: round.name(`interrupt-${number}`) };
    const { status } = await round.api.settled('POST', `/api/v1/runs/${runId}/commands`, command);
    assert.ok([200, 409].includes(status), `an interrupt was answered with ${status}`);
  }
}

/** Runners die in the middle of it: what they had not done goes on to the next attempt. Answers whose. */
async function kill(round: Round, plan: readonly number[]): Promise<Set<string>> {
  const killed = new Set<string>();
  for (const afterMs of plan) {
    await delay(afterMs);
    const [victim] = await untilAtWork(round, 1, new Set(), 5_000).catch(() => []);
    if (victim === undefined) continue;
    round.tell('SIGKILL', victim);
    killed.add(victim.jobName);
    for (const { pid } of processesOfJob(victim.jobName)) signalProcess(pid, 'SIGKILL');
  }
  return killed;
}

/** `steerDelivery` says of each steer what the agent itself wrote down. */
async function deliveryIsTrue(round: Round, killed: ReadonlySet<string>): Promise<void> {
  await untilEveryRunEnded(round);
  const steers = await round.system.query<{ id: string; run_id: string; operation: string; next: string | null }>(
    `SELECT c.id, c.run_id, (SELECT n.state FROM commands n WHERE n.id = c.superseded_by) AS next, split_part(c.payload ->> 'prompt', ' ', 3) AS operation
     FROM commands c JOIN runs r ON r.id = c.run_id WHERE r.created_at >= $1 AND c.type = 'steer' AND c.seq IS NOT NULL`,
    [round.beganAt],
  );
  const own = steers.filter(({ operation }) => round.owns(operation));
  const lines = await readLedgers(round);
  const told = await Promise.all(own.map(async (steer) => ({ ...steer, told: await deliveryOf(round, steer) })));
  round.tell('steers', told);
  const inTime = told.filter((steer) => steer.told?.state === 'delivered').length;
  round.figure('steers', told.length);
  round.figure('steers delivered', inTime);
  assert.ok(told.length > 0, 'no send became a steer');
  for (const { operation, next, told: delivery } of told) {
    const heard = lines.filter((line) => line.what === 'hear' && line.operation === operation);
    const did = lines.some((line) => line.what === 'begin' && line.operation === operation);
    assert.ok(delivery, `${operation}: nobody says what became of it`);
    const facts = `${operation}: heard ${heard.length}, done as a turn ${did}, ${JSON.stringify(delivery)}`;
    // Whose runner died before it could tell: nobody knows that it heard, so it is said again.
    const untold = heard.length > 0 && did && heard.every(({ jobName }) => killed.has(jobName));
    const truths = heard.length === 0 ? ['too-late'] : untold ? ['delivered', 'too-late'] : ['delivered'];
    assert.ok(truths.includes(delivery.state), facts);
    // The turn that it became may have been interrupted before it began.
    const mayBegin = delivery.supersededBy !== null;
    assert.ok(did ? mayBegin : !mayBegin || next === 'cancelled', `${operation}: ${JSON.stringify(delivery)}`);
  }
}

async function deliveryOf(round: Round, { id, run_id: runId }: { id: string; run_id: string }): Promise<Loose> {
  const { steerDelivery } = await round.api.get(`/api/v1/runs/${runId}/result?commandId=${id}`);
  return steerDelivery.find((steer: Loose) => steer.commandId === id);
}

async function untilEveryRunEnded({ system, beganAt }: Round): Promise<void> {
  for (const giveUpAt = Date.now() + 60_000; ;) {
    const open = await system.query(
      'SELECT id FROM runs WHERE created_at >= $1 AND opened_at IS NOT NULL AND terminal_status IS NULL',
      [beganAt],
    );
    if (open.length === 0) return;
    assert.ok(Date.now() < giveUpAt, `${open.length} runs have not ended`);
    await delay(100);
  }
}
