import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { untilQuiet } from './checker/check-leftovers.js';
import { faultRounds } from './harness/fault-rounds.js';
import { HeldRun } from './harness/held-run.js';
import type { Round } from './harness/round.js';
import { LONG_LEASE, within } from './harness/settings.js';
import { generate, perform } from './harness/workload.js';

/** A decision by itself, on a busy machine. */
const BUSY_MS = within(4_000, 8_000);
/** `stickyQueueScheduleToStartTimeout`: from when a worker is there again. */
const STALL_MS = 2_000 + BUSY_MS;
/** What the killed one had begun waits for Temporal's timeout of a workflow's step: from its death. */
const BEGUN_MS = 10_000 + BUSY_MS;
/** A claim, too, may be answered so late: the lease that it grants is longer, as it is outside of tests by far. */
const HELD_LEASE_MS = 20_000;

interface Down {
  readonly fromMs: number;
  readonly toMs: number;
}

faultRounds('fault 7: workers are killed every few seconds', {
  fault: 'workers-killed',
  file: import.meta.url,
  before: async (system) => system.replaceWorkers(async () => system.startWorker(LONG_LEASE)),
  after: async (system) => system.replaceWorkers(async () => system.startWorker()),
  async inject(round) {
    const { dice, system } = round;
    // In the round before one may not have started.
    if (system.workers.length === 0) await system.startWorker(LONG_LEASE);
    const workload = generate(round, { sessions: 2, sendsOfEach: 3, tasks: 3, steps: [6, 12], mostBetweenMs: 2_500 });
    const kills = Array.from({ length: 3 }, () => dice.between(500, 2_000));
    round.tell('plan', kills);
    const held = await HeldRun.begin(round, 'held', HELD_LEASE_MS);
    const over = new AbortController();
    const deciding = decide(round, held, over.signal);
    const [downs] = await Promise.all([kill(round, kills), perform(round, workload)]).finally(() => over.abort());
    const waits = await deciding;
    await held.end();
    assert.deepEqual([...held.refusals, ...held.putOffWhileAwake], [], 'events and renewals need no worker');
    assertNoStall(round, waits, downs);
    await untilQuiet(round);
    await assertWorkGoesOn(round);
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
    await system.startWorker(LONG_LEASE);
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

/** No decision waited for longer than the deaths in its time explain: to the later of both bounds. */
function assertNoStall(round: Round, waits: readonly Down[], downs: readonly Down[]): void {
  const late = waits.map(({ fromMs, toMs }) => {
    const ends = downs
      .filter((down) => down.fromMs < toMs && down.toMs + STALL_MS > fromMs)
      .map((down) => Math.max(down.toMs + STALL_MS, down.fromMs + BEGUN_MS));
    return toMs - Math.max(fromMs + BUSY_MS, ...ends);
  });
  const stalls = waits.map(({ fromMs, toMs }) => {
    const down = downs.findLast((one) => one.fromMs < toMs && one.toMs > fromMs);
    return toMs - Math.max(fromMs, down?.toMs ?? 0);
  });
  round.figure('longest wait for a decision with a worker there', Math.max(...stalls));
  assert.ok(Math.max(...late) <= 0, `a decision was ${Math.max(...late)} ms late`);
}

/** Runners go on without a worker. One that was just being started may never get its token: it is started again for the same attempt. */
async function assertWorkGoesOn({ system, beganAt }: Round): Promise<void> {
  const lost = await system.query<{ job_name: string }>(
    `SELECT j.job_name FROM runner_jobs j JOIN runs r ON r.id = j.run_id AND r.attempt > j.attempt WHERE r.created_at >= $1`,
    [beganAt],
  );
  for (const { job_name: jobName } of lost) {
    const log = await system.platform.logTail(jobName, 10_000);
    assert.ok(!log.includes('"msg":"claimed"'), `${jobName} had begun, and its attempt was lost: ${log}`);
  }
}
