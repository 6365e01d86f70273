import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentRunProcess } from '../support/agentrun-process.js';
import { untilEnded } from '../support/live-runner.js';
import { untilQuiet } from './checker/check-leftovers.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { RUN } from './harness/system.js';
import { generate, perform } from './harness/workload.js';
import { REFUSED_IMAGE } from './harness/faulty-platform.js';

const FAULTY_WORKER = fileURLToPath(new URL('programs/faulty-worker.js', import.meta.url));

faultRounds(
  'fault 11: the platform answers that it is busy, broken or there already, or answers nothing after it created',
  {
    fault: 'platform-faulty',
    file: import.meta.url,
    after: async (system) => system.replaceWorkers(async () => system.startWorker()),
    async inject(round) {
      const { system, seed } = round;
      const mishapsFile = join(system.dataDir, round.name('mishaps'));
      const workload = generate(round, { sessions: 2, sendsOfEach: 2, tasks: 3, steps: [2, 5], mostBetweenMs: 2_000 });
      await system.replaceWorkers(async () => {
        const options = JSON.stringify({ settings: system.settings, seed, mishapsFile });
        const worker = await AgentRunProcess.run('worker', [FAULTY_WORKER, options], {});
        system.workers.push(worker);
      });
      await Promise.all([perform(round, workload), refusedForGood(round)]);
      await untilQuiet(round);
      assertMishaps(round, readFileSync(mishapsFile, 'utf8').split('\n').slice(0, -1));
    },
  },
);

/** Without them the round would show nothing. */
function assertMishaps(round: Round, mishaps: readonly string[]): void {
  round.tell('mishaps', mishaps);
  round.figure('mishaps', mishaps.length);
  // Of a few stops none may fall out badly, by the dice; how many did is among the figures.
  round.figure('stops that went wrong', mishaps.filter((mishap) => mishap.startsWith('stop')).length);
  assert.ok(
    mishaps.some((mishap) => mishap.startsWith('launch')),
    `no launch went wrong: ${mishaps.join(', ')}`,
  );
}

/** What the platform will never take is not tried for ever, and is told in its words. */
async function refusedForGood(round: Round): Promise<void> {
  const { api } = round;
  const retryPolicy = { maxAttempts: 2, backoffMs: 100 };
  const name = round.name('refused');
  const run = await api.post('/api/v1/runs', { ...RUN, retryPolicy, idempotencyKey: name });
  await api.post(`/api/v1/runs/${run.id}/commands`, { payload: { prompt: 'true' }, idempotencyKey: name });
  await api.post(`/api/v1/runs/${run.id}/runner-jobs`, { image: REFUSED_IMAGE });
  const { status, failureKind, failureMessage } = await untilEnded(api, run.id, 60_000);
  assert.deepEqual([status, failureKind], ['failed', 'runner-start-failed']);
  assert.match(failureMessage, /the platform does not take the image/);
}
