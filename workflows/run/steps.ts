import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
} from '@temporalio/workflow';
import { assertNever } from '../../src/domain/assert-never.js';
import { runnerJobId } from '../../src/domain/ids.js';
import { platform, records } from './activities.js';
import type { LiveRun } from './handlers.js';
import type { Loss } from './losses.js';
import { limitOutcome, type Step } from './next-step.js';

/** A runner that lost its attempt has nothing left to save. */
const LOST_JOB_GRACE_MS = 2_000;

/** Does what a run's workflow has to do by itself. Each step looks again after every await: a message may have decided meanwhile. */
export async function perform(live: LiveRun, step: Exclude<Step, { do: 'wait' }>): Promise<void> {
  const { run } = live;
  switch (step.do) {
    case 'launch-job':
      return launchJob(live, step.attempt);
    case 'stop-job':
      await stopJob(live, step.attempt, LOST_JOB_GRACE_MS);
      run.data.job.stopFirst = null;
      {
        run.changed();
        return;
      }
    case 'check-lease':
      return live.attemptLock.run(async () => checkLease(live, step.attempt));
    case 'lose':
      return live.attemptLock.run(async () => lose(live, step.attempt, step.loss));
    case 'end-turn':
      return live.attemptLock.run(async () => endTurn(live, step));
    case 'check-silence':
      return checkSilence(live, step.commandId);
    case 'end': {
      run.end(step.outcome);
      return;
    }
    default:
      return assertNever(step);
  }
}

/** Resolves when nothing of the attempt's Job is left. */
export async function stopJob(live: LiveRun, attempt: number, graceMs: number): Promise<void> {
  await platform.stopRunnerJob({ jobId: runnerJobId(live.input.runId, attempt), graceMs });
}

async function launchJob(live: LiveRun, attempt: number): Promise<void> {
  const { run, input } = live;
  run.jobLaunched(attempt);
  const launch = { runId: input.runId, attempt, jobId: runnerJobId(input.runId, attempt) };
  try {
    // A run that ends meanwhile must not wait for a platform that is down.
    await CancellationScope.cancellable(async () => {
      const launched = platform.launchRunnerJob(launch);
      await Promise.race([launched, condition(() => run.terminal)]);
      if (run.terminal) CancellationScope.current().cancel();
      await launched;
    });
    run.data.job.launchedAtMs = Date.now();
  } catch (error) {
    if (isCancellation(error) && run.terminal) return;
    await live.attemptLock.run(async () =>
      lose(live, attempt, { why: 'launch-failed', message: publicMessage(error) }),
    );
  }
}

async function checkLease(live: LiveRun, attempt: number): Promise<void> {
  const { run, input } = live;
  const lease = await records.expireLease({ runId: input.runId, attempt });
  if (run.terminal || run.attempt !== attempt) return;
  if (lease.expired) {
    run.lose({ why: 'lease-expired' });
    return;
  }
  run.data.leaseDoubt = null;
  run.data.leaseSeenAtMs = Date.now();
}

async function lose(live: LiveRun, attempt: number, loss: Loss): Promise<void> {
  const { run, input } = live;
  // First fence the old runner's writes, then say that it lost the attempt.
  await records.revokeLease({ runId: input.runId, attempt });
  if (!run.terminal && run.attempt === attempt) run.lose(loss);
}

async function endTurn(live: LiveRun, step: Extract<Step, { do: 'end-turn' }>): Promise<void> {
  const { run, input } = live;
  const { attempt } = run;
  await records.revokeLease({ runId: input.runId, attempt });
  if (run.terminal) return;
  if (run.openCommands.some((command) => command.id === step.commandId)) {
    run.finishCommand({ runId: input.runId, commandId: step.commandId, outcome: step.outcome });
  }
  if (!run.terminal && run.attempt === attempt) run.lose(step.loss);
}

async function checkSilence(live: LiveRun, commandId: string): Promise<void> {
  const { run, input } = live;
  const { silentMs } = await records.lastEventAge({ runId: input.runId });
  const command = run.openCommands.find((open) => open.id === commandId);
  if (run.terminal || command === undefined) return;
  const since = command.acknowledgedAtMs ?? Date.now();
  command.activeAtMs = Math.max(since, silentMs === null ? since : Date.now() - silentMs);
  const { idleTimeoutMs, limitGraceMs } = input.policy;
  if (Date.now() - command.activeAtMs < idleTimeoutMs + limitGraceMs) return;
  const loss: Loss = { why: 'idle-timeout', limitMs: idleTimeoutMs };
  await live.attemptLock.run(async () =>
    endTurn(live, { do: 'end-turn', commandId, outcome: limitOutcome(loss), loss }),
  );
}

function publicMessage(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause.message : 'the platform refused it';
}
