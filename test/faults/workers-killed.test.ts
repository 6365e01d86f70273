import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { faultRounds } from './harness/fault-rounds.js';
import { HeldRun } from './harness/held-run.js';
import type { Round } from './harness/round.js';
import { generate, perform } from './harness/workload.js';

/** Workers at once; one of them is always there. */
const WORKERS = 2;
/** `stickyQueueScheduleToStartTimeout`, and a second. */
const STALL_MS = 2_000 + 1_000;

faultRounds('fault 7: workers are killed every few seconds', {
  fault: 'workers-killed',
  file: import.meta.url,
  async before(system) {
    while (system.workers.length < WORKERS) await system.startWorker();
  },
  async after(system) {
    for (const worker of system.workers.slice(1)) await system.killWorker(worker);
  },
  async inject(round) {
    const { dice } = round;
    const workload = generate(round, { sessions: 2, sendsOfEach: 3, tasks: 3, steps: [6, 12], mostBetweenMs: 2_500 });
    const kills = Array.from({ length: 4 }, () => dice.between(800, 2_500));
    round.tell('plan', kills);
    const held = await HeldRun.begin(round, 'held');
    const over = new AbortController();
    const deciding = decide(round, held, over.signal);
    await Promise.all([perform(round, workload), kill(round, kills)]);
    over.abort();
    await deciding;
    await held.end();
    assert.deepEqual(held.refusals, []);
  },
});

async function kill(round: Round, kills: readonly number[]): Promise<void> {
  const { system } = round;
  for (const afterMs of kills) {
    await delay(afterMs);
    const [oldest] = system.workers;
    if (oldest === undefined) throw new Error('there is no worker to kill');
    round.tell('SIGKILL worker');
    await system.killWorker(oldest);
    await system.startWorker();
  }
}

/** Asks for a decision of a run all the time, and how long each takes. */
async function decide(round: Round, held: HeldRun, over: AbortSignal): Promise<void> {
  const waits: number[] = [];
  for (let number = 0; !over.aborted; number += 1) {
    const body = { payload: { prompt: 'true' }, idempotencyKey: round.name(`decision-${number}`) };
    const askedAtMs = Date.now();
    await round.api.surely('POST', `/api/v1/runs/${held.run.id}/commands`, body);
    waits.push(Date.now() - askedAtMs);
    await delay(100);
  }
  const slowestMs = Math.max(...waits);
  round.figure('slowest decision', slowestMs);
  assert.ok(slowestMs <= STALL_MS, `a decision took ${slowestMs} ms`);
}
