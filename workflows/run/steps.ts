import { patched } from '@temporalio/workflow';
import { assertNever } from '../../src/domain/assert-never.js';
import { RUNNER_EXIT_CODES } from '../../src/domain/runner-program.js';
import { records } from './activities.js';
import type { LiveRun } from './live-run.js';
import type { Loss } from './losses.js';
import { isJobs, limitOutcome, type Step } from './next-step.js';

/** Before this such a runner was replaced at once. */
const OUTLASTS_OUTAGE = 'replaces-no-runner-while-the-api-is-away';

/** How often it is asked whether the API is there again: seldom beside the hour that a runner waited for it. */
const OUTAGE_LOOK_MS = 60_000;

/** Does what a run's workflow has to do by itself. */
export async function perform(live: LiveRun, step: Exclude<Step, { do: 'wait' }>): Promise<void> {
  const { run } = live;
  const { attempt } = run;
  switch (step.do) {
    case 'launch-job':
      live.jobWork.launch(step.attempt);
      return;
    case 'stop-job':
      live.jobWork.stopLost(step.attempt);
      return;
    case 'check-lease':
      return checkLease(live, step.attempt);
    case 'lose':
      // Nothing is awaited where an earlier release did not: what a history of its has in one workflow task would come in another order.
      if (step.loss.why === 'start-deadline' && !(await couldClaim(live, step.attempt, step.loss.waitedMs))) return;
      if (wasAbandoned(step.loss) && patched(OUTLASTS_OUTAGE) && !(await couldBeReplaced(live, step.attempt))) return;
      return withAttempt(live, step.attempt, () => run.lose(step.loss));
    case 'end-turn':
      if (step.loss.why === 'hard-timeout' && !(await couldReport(live, step.commandId))) return;
      return endTurn(live, attempt, step);
    case 'check-silence':
      return checkSilence(live, attempt, step.commandId);
    case 'end':
      run.end(step.outcome);
      return;
    default:
      return assertNever(step);
  }
}

/** A launch that failed for good ends the attempt, unless another runner holds it by now. */
export async function loseFailedLaunch(live: LiveRun, attempt: number, message: string): Promise<void> {
  if (!isJobs(live.input, live.run.data)) return;
  await withAttempt(live, attempt, () => live.run.lose({ why: 'launch-failed', message }));
}

/**
 * Ends an attempt: fences its writes in the database first, then decides. While it waits for its turn and for the database the attempt
 * may be over already, by a message or another step; then there is nothing left to do.
 */
async function withAttempt(live: LiveRun, attempt: number, decide: () => void): Promise<void> {
  const { run, input } = live;
  const isOver = () => run.terminal || run.attempt !== attempt;
  await live.attemptLock.run(async () => {
    if (isOver()) return;
    await records.revokeLease({ runId: input.runId, attempt });
    if (!isOver()) decide();
  });
}

/** Its runner gave up waiting for the API. */
function wasAbandoned(loss: Loss): boolean {
  return loss.why === 'runner-exited' && loss.exitCode === RUNNER_EXIT_CODES.abandoned;
}

/**
 * Whether another runner could claim. While the API is away a runner that gave up waiting for it is not replaced: each further one would give
 * up as it did, and a long outage would use up every attempt.
 */
async function couldBeReplaced({ run }: LiveRun, attempt: number): Promise<boolean> {
  if ((await records.apiUptime()).acceptingMs > 0) return true;
  const { exited } = run.data.job;
  if (exited?.attempt === attempt) exited.heldUntilMs = Date.now() + OUTAGE_LOOK_MS;
  return false;
}

/** Whether a runner had its time to claim. While the API was away none could: the deadline counts from its return. */
async function couldClaim({ run }: LiveRun, attempt: number, deadlineMs: number): Promise<boolean> {
  const acceptingMs = await apiUptime();
  if (acceptingMs >= deadlineMs) return true;
  const { lifecycle, job } = run.data;
  const isWaiting = run.attempt === attempt && lifecycle.claimedBy === null && job.launchedFor === attempt;
  if (isWaiting) job.launchedAtMs = Date.now() - acceptingMs;
  return false;
}

/** Whether the runner of a turn that passed its limit had the time to say how it ended. */
async function couldReport({ run, input }: LiveRun, commandId: string): Promise<boolean> {
  const acceptingMs = await apiUptime();
  const leftMs = input.policy.limitGraceMs - acceptingMs;
  if (leftMs <= 0) return true;
  const command = run.openCommands.find((open) => open.id === commandId);
  if (command !== undefined) command.limitNotBeforeMs = Date.now() + leftMs;
  return false;
}

async function apiUptime(): Promise<number> {
  if (!patched('asks-whether-the-api-was-there')) return Infinity;
  return (await records.apiUptime()).acceptingMs;
}

async function checkLease(live: LiveRun, attempt: number): Promise<void> {
  const { run, input } = live;
  await live.attemptLock.run(async () => {
    const lease = await records.expireLease({ runId: input.runId, attempt });
    if (run.terminal || run.attempt !== attempt) return;
    if (lease.expired) run.lose({ why: 'lease-expired' });
    run.data.leaseDoubt = null;
    run.data.leaseSeenAtMs = Date.now();
  });
}

async function endTurn(live: LiveRun, attempt: number, step: Extract<Step, { do: 'end-turn' }>): Promise<void> {
  const { run, input } = live;
  const { commandId, outcome } = step;
  await withAttempt(live, attempt, () => {
    const isOpen = run.openCommands.some((command) => command.id === commandId);
    if (isOpen) run.finishCommand({ runId: input.runId, commandId, outcome });
    if (!run.terminal) run.lose(step.loss);
  });
}

async function checkSilence(live: LiveRun, attempt: number, commandId: string): Promise<void> {
  const { run, input } = live;
  const { silentMs } = await records.lastEventAge({ runId: input.runId });
  const command = run.openCommands.find((open) => open.id === commandId);
  if (run.terminal || command === undefined) return;
  const since = command.acknowledgedAtMs ?? Date.now();
  command.activeAtMs = Math.max(since, silentMs === null ? since : Date.now() - silentMs);
  const { idleTimeoutMs, limitGraceMs } = input.policy;
  if (Date.now() - command.activeAtMs < idleTimeoutMs + limitGraceMs) return;
  const loss: Loss = { why: 'idle-timeout', limitMs: idleTimeoutMs };
  await endTurn(live, attempt, { do: 'end-turn', commandId, outcome: limitOutcome(loss), loss });
}
