import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { faultRounds } from './harness/fault-rounds.js';
import { HeldRun } from './harness/held-run.js';
import type { Round } from './harness/round.js';
import { generate, perform } from './harness/workload.js';

/**
 * `stickyQueueScheduleToStartTimeout`, and a second: from when a worker is there again. What the killed one had begun waits for
 * `WORKFLOW_TASK_TIMEOUT` from its death, which is over by then. The rest is for a busy machine.
 */
const STALL_MS = 2_000 + 1_000 + 3_000;

interface Down {
  readonly fromMs: number;
  readonly toMs: number;
}

faultRounds('fault 7: workers are killed every few seconds', {
  fault: 'workers-killed',
  file: import.meta.url,
  async inject(round) {
    const { dice } = round;
    const workload = generate(round, { sessions: 2, sendsOfEach: 3, tasks: 3, steps: [6, 12], mostBetweenMs: 2_500 });
    const kills = Array.from({ length: 4 }, () => dice.between(800, 2_500));
    round.tell('plan', kills);
    const held = await HeldRun.begin(round, 'held');
    const over = new AbortController();
    const deciding = decide(round, held, over.signal);
    const [downs] = await Promise.all([kill(round, kills), perform(round, workload)]).finally(() => over.abort());
    const waits = await deciding;
    await held.end();
    assert.deepEqual(held.refusals, []);
    assertNoStall(round, waits, downs);
  },
});

/** One at a time: a data folder takes one worker. Answers when there was none. */
async function kill(round: Round, kills: readonly number[]): Promise<Down[]> {
  const { system } = round;
  const downs: Down[] = [];
  for (const afterMs of kills) {
    await delay(afterMs);
    const [worker] = system.workers;
    if (worker === undefined) throw new Error('there is no worker to kill');
    round.tell('SIGKILL worker');
    const fromMs = Date.now();
    await system.killWorker(worker);
    await system.startWorker();
    downs.push({ fromMs, toMs: Date.now() });
  }
  return downs;
}

/** Asks for decisions of a run all the time; answers when each was asked for and made. */
async function decide(round: Round, held: HeldRun, over: AbortSignal): Promise<Down[]> {
  const waits: Down[] = [];
  for (let number = 0; !over.aborted; number += 1) {
    const body = { payload: { prompt: 'true' }, idempotencyKey: round.name(`decision-${number}`) };
    const fromMs = Date.now();
    await round.api.ok('POST', `/api/v1/runs/${held.run.id}/commands`, body);
    waits.push({ fromMs, toMs: Date.now() });
    await delay(100);
  }
  return waits;
}

/** The time in which a decision waited although there was a worker. */
function assertNoStall(round: Round, waits: readonly Down[], downs: readonly Down[]): void {
  const stalls = waits.map(({ fromMs, toMs }) => {
    const without = downs.map((down) => Math.max(0, Math.min(toMs, down.toMs) - Math.max(fromMs, down.fromMs)));
    return toMs - fromMs - without.reduce((sum, ms) => sum + ms, 0);
  });
  const longestMs = Math.max(...stalls);
  round.figure('longest stall of a decision', longestMs);
  assert.ok(longestMs <= STALL_MS, `a decision waited for ${longestMs} ms although there was a worker`);
}
