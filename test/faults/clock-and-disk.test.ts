import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUNNER_EXIT_CODES, RUNNER_VARIABLES } from '../../src/domain/runner-program.js';
import { sessionVolumeName } from '../../src/domain/volume-names.js';
import { eventually, type Loose } from '../support/api.js';
import { processesOfJob, untilEnded } from '../support/live-runner.js';
import { faultRounds } from './harness/fault-rounds.js';
import type { Round } from './harness/round.js';
import { RunnerByHand } from './harness/runner-by-hand.js';
import { LEASE_MS } from './harness/settings.js';
import { RUN } from './harness/system.js';
import { promptOf } from './harness/workload.js';

const SKEWED_CLOCK = fileURLToPath(new URL('programs/skewed-clock.js', import.meta.url));
const HOUR_MS = 3_600_000;
/** Long enough for a busy machine to renew in time: a lease in doubt has the turn begin again, rightly. */
const SKEWED_LEASE_MS = 3 * LEASE_MS;
const STEPS = 20;
const PAGE_BYTES = 4_096;

faultRounds("fault 13: a runner's clock is an hour off", {
  fault: 'clock-skewed',
  together: true,
  file: import.meta.url,
  async inject(round) {
    // From its start, or by a jump in the middle of a turn.
    const skews = [-HOUR_MS, HOUR_MS].flatMap((skewMs) => [
      { skewMs, afterMs: 0 },
      { skewMs, afterMs: round.dice.between(1_000, SKEWED_LEASE_MS / 2) },
    ]);
    round.tell('plan', skews);
    await Promise.all(skews.map(async (skew, index) => workSkewed(round, `skewed-${index}`, skew)));
  },
});

/** A turn of a whole lease, which is renewed three times in it, in one attempt, by the manager's clock alone. */
async function workSkewed(round: Round, name: string, { skewMs, afterMs }: { skewMs: number; afterMs: number }) {
  const { api } = round;
  const operation = round.name(name);
  const run = await api.post('/api/v1/runs', { ...RUN, idempotencyKey: operation });
  const payload = { prompt: promptOf({ id: operation, steps: STEPS, stepMs: SKEWED_LEASE_MS / STEPS }) };
  await api.post(`/api/v1/runs/${run.id}/commands`, { payload, idempotencyKey: operation });
  const runner = await RunnerByHand.start(round, run.id, {
    NODE_OPTIONS: `--import ${SKEWED_CLOCK}`,
    [RUNNER_VARIABLES.leaseMs]: String(SKEWED_LEASE_MS),
    FAULT_SKEW_MS: String(skewMs),
    FAULT_SKEW_AFTER_MS: String(afterMs),
  });
  try {
    const { status, attempt } = await untilEnded(api, run.id, 120_000);
    assert.deepEqual([status, attempt], ['completed', 1]);
    assert.equal(await runner.ended(), RUNNER_EXIT_CODES['run-ended']);
    const events: Loose[] = await api.events(run.id);
    const told = events.filter(({ type }) => type === 'command_output').map(({ payload: { text } }) => text);
    assert.equal(told.join(''), Array.from({ length: STEPS }, (_, step) => `${operation} step ${step + 1}\n`).join(''));
    const times = events.map(({ createdAt }) => Date.parse(createdAt));
    assert.ok(
      times.every((at) => Math.abs(at - Date.now()) < HOUR_MS / 2),
      'times are the manager’s',
    );
  } finally {
    await runner.dispose();
  }
}

if (mayMount())
  faultRounds('fault 13: the disk of a session is full', {
    fault: 'disk-full',
    together: true,
    file: import.meta.url,
    async inject(round) {
      const pages = [0, round.dice.between(1, 3)];
      round.tell('plan', pages);
      await Promise.all(pages.map(async (leftPages, index) => onFullDisk(round, round.name(`s${index}`), leftPages)));
    },
  });

async function onFullDisk(round: Round, sessionId: string, leftPages: number): Promise<void> {
  const folder = join(round.system.dataDir, 'volumes', sessionVolumeName(sessionId));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', folder]);
  try {
    await fillAndFree(round, sessionId, folder, leftPages);
  } finally {
    execFileSync('umount', ['-l', folder]);
  }
}

/** The turn that fills the disk, one that meets it full, and one after there is room again. */
async function fillAndFree(round: Round, sessionId: string, folder: string, leftPages: number): Promise<void> {
  const filled = await say(round, sessionId, 'fill', 'dd if=/dev/zero of=fill bs=4096; exit 3');
  assert.deepEqual([filled.state, filled.failureKind, filled.attempt], ['failed', 'backend-failed', 1]);
  leavePages(folder, leftPages);
  const met = await say(round, sessionId, 'full', 'echo is it full');
  round.tell('met', { leftPages, state: met.state, message: met.failureMessage });
  assert.ok((met.attempt ?? 1) === 1, 'another attempt would find the same disk');
  // With a page or a few it may come to its end.
  if (leftPages === 0 || met.state !== 'completed') {
    assert.equal(met.state, 'failed');
    assert.match(`${met.failureMessage}`, /no space left|ENOSPC/i);
  }
  rmSync(join(folder, 'workspace', 'fill'));
  const after = await say(round, sessionId, 'after', 'echo there is room');
  assert.deepEqual([after.state, after.attempt], ['completed', 1], JSON.stringify(after));
  round.tell('volume', readdirSync(folder, { recursive: true }));
}

/** Of what the turn left, and of what its runner gave back since. Nobody works there now. */
function leavePages(folder: string, leftPages: number): void {
  const path = join(folder, 'workspace', 'fill');
  const file = openSync(path, 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(PAGE_BYTES));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
  truncateSync(path, statSync(path).size - leftPages * PAGE_BYTES);
}

/** Resolves with the command when it, its run and its runner have ended. */
async function say(round: Round, sessionId: string, name: string, prompt: string): Promise<Loose> {
  const body = { prompt, run: RUN, idempotencyKey: `${sessionId}-${name}` };
  const { command } = await round.api.post(`/api/v1/sessions/${sessionId}/send`, body);
  await untilEnded(round.api, command.runId, 60_000);
  const jobs = await round.api.get(`/api/v1/runs/${command.runId}/runner-jobs`);
  for (const { jobName } of jobs.items)
    await eventually(
      async () => processesOfJob(jobName as string),
      (left) => left.length === 0,
    );
  return eventually(
    async () => round.api.get(`/api/v1/runs/${command.runId}/commands/${command.id}`),
    ({ state }) => !['pending', 'acknowledged'].includes(state),
  );
}

/** Only who may mount can make a disk full that is nobody else's. */
function mayMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}
