import { runnerIdOfJob, runnerJobId } from '../../src/domain/ids.js';
import { isTerminalStatus, type Outcome } from '../../src/domain/outcome.js';
import type { RunInput, RunPolicy } from '../../src/domain/run-messages.js';
import type { Loss } from './losses.js';
import { isWork, type ExitedJob, type LiveCommand, type RunData } from './run-data.js';

/** What a run's workflow has to do by itself. */
export type Step =
  | { readonly do: 'stop-job'; readonly attempt: number }
  | { readonly do: 'launch-job'; readonly attempt: number }
  /** Ask the database whether the lease is over, and give up the attempt if so. */
  | { readonly do: 'check-lease'; readonly attempt: number }
  | { readonly do: 'lose'; readonly attempt: number; readonly loss: Loss }
  /** A turn's runner did not end it in time: end it here, and with it the attempt. */
  | { readonly do: 'end-turn'; readonly commandId: string; readonly outcome: Outcome; readonly loss: Loss }
  /** Ask the database when the turn last showed a sign of life. */
  | { readonly do: 'check-silence'; readonly commandId: string }
  | { readonly do: 'end'; readonly outcome: Outcome }
  /** Nothing until a message comes, or until then. `name` is what the wait is for, as operators read it. */
  | { readonly do: 'wait'; readonly untilMs: number | null; readonly name: string };

type Due = { readonly atMs: number; readonly name: string; readonly step: Step };

const CANCELLED: Outcome = { status: 'cancelled', failureKind: 'cancelled', message: null };

/** The next thing to do, from the state and the time alone. Pure. */
export function nextStep(input: RunInput, data: RunData, nowMs: number): Step {
  if (isTerminalStatus(data.lifecycle.status)) return { do: 'wait', untilMs: null, name: 'ended' };
  const urgent = urgentStep(input, data);
  if (urgent !== undefined) return urgent;
  const dues = [...attemptDues(input, data), ...turnDues(input, data), ...endDues(input.policy, data)];
  const first = dues.reduce<Due | undefined>((a, b) => (a === undefined || b.atMs < a.atMs ? b : a), undefined);
  if (first === undefined) return { do: 'wait', untilMs: null, name: 'next message' };
  return first.atMs <= nowMs ? first.step : { do: 'wait', untilMs: first.atMs, name: first.name };
}

function urgentStep(input: RunInput, data: RunData): Step | undefined {
  const { lifecycle, job } = data;
  const { attempt } = lifecycle;
  if (job.stopFirst !== null && job.underWay !== 'stopping') return { do: 'stop-job', attempt: job.stopFirst };
  const exited = exitedJob(input, data);
  if (exited !== undefined && exited.heldUntilMs === undefined) return loseExited(data, exited);
  if (data.leaseDoubt === attempt && lifecycle.claimedBy !== null) return { do: 'check-lease', attempt };
  return undefined;
}

/** Whether what happens to the attempt's Job happens to the attempt: not where another runner was faster and holds it. */
export function isJobs(input: RunInput, { lifecycle }: RunData): boolean {
  return [null, runnerIdOfJob(runnerJobId(input.runId, lifecycle.attempt))].includes(lifecycle.claimedBy);
}

/** The end of the attempt's own Job, where it was told and the attempt is not over yet. */
function exitedJob(input: RunInput, data: RunData): ExitedJob | undefined {
  const { exited } = data.job;
  return exited?.attempt === data.lifecycle.attempt && isJobs(input, data) ? exited : undefined;
}

function loseExited({ lifecycle }: RunData, { attempt, reason, exitCode }: ExitedJob): Step {
  const claimed = lifecycle.claimedBy !== null;
  return { do: 'lose', attempt, loss: { why: 'runner-exited', claimed, reason, exitCode } };
}

function attemptDues(input: RunInput, data: RunData): Due[] {
  const { policy } = input;
  const { lifecycle, job } = data;
  const { attempt } = lifecycle;
  const exited = exitedJob(input, data);
  if (exited?.heldUntilMs !== undefined) {
    return [{ atMs: exited.heldUntilMs, name: 'API outage', step: loseExited(data, exited) }];
  }
  if (lifecycle.claimedBy !== null) {
    const atMs = data.leaseSeenAtMs + policy.leaseBackstopMs;
    return [{ atMs, name: 'lease backstop', step: { do: 'check-lease', attempt } }];
  }
  if (job.launchedFor === attempt) {
    // A platform that is out of reach is not a runner that does not start: its launch is tried until it can be.
    if (job.underWay === 'launching') return [];
    const waitedMs = policy.startDeadlineMs;
    const step: Step = { do: 'lose', attempt, loss: { why: 'start-deadline', waitedMs } };
    return [{ atMs: (job.launchedAtMs ?? 0) + waitedMs, name: 'start deadline', step }];
  }
  // A runner lost between turns is replaced when there is something for it to do, or somebody asks for one.
  const hasWork = data.lastTurn === null || job.askedFor === attempt || data.commands.some(isWork);
  const needed = job.wanted && hasWork && job.stopFirst === null && job.underWay === null;
  return needed ? [{ atMs: job.notBeforeMs, name: 'backoff', step: { do: 'launch-job', attempt } }] : [];
}

function turnDues(input: RunInput, data: RunData): Due[] {
  if (data.lifecycle.claimedBy === null) return [];
  const { policy } = input;
  // A turn whose runner is gone passes no limit: the next attempt does it again.
  const isWorkedOn = exitedJob(input, data) === undefined;
  return data.commands.flatMap((command) => [
    ...cancelDue(policy, command),
    ...(isWorkedOn ? limitDues(policy, data, command) : []),
  ]);
}

function cancelDue(policy: RunPolicy, command: LiveCommand): Due[] {
  if (command.cancel === null) return [];
  const graceMs = policy.cancelGraceMs;
  const outcome = { ...CANCELLED, message: command.cancel.reason };
  const step: Step = { do: 'end-turn', commandId: command.id, outcome, loss: { why: 'cancel-ignored', graceMs } };
  return [{ atMs: command.cancel.atMs + graceMs, name: 'cancel grace', step }];
}

function limitDues(policy: RunPolicy, data: RunData, command: LiveCommand): Due[] {
  const { lifecycle } = command;
  const live = lifecycle.type === 'turn' && lifecycle.acknowledgedBy === data.lifecycle.attempt;
  if (!live || command.acknowledgedAtMs === null) return [];
  const loss: Loss = { why: 'hard-timeout', limitMs: policy.turnTimeoutMs };
  const hard: Step = { do: 'end-turn', commandId: command.id, outcome: limitOutcome(loss), loss };
  const activeAtMs = command.activeAtMs ?? command.acknowledgedAtMs;
  const limitAtMs = command.acknowledgedAtMs + policy.turnTimeoutMs + policy.limitGraceMs;
  return [
    { atMs: Math.max(limitAtMs, command.limitNotBeforeMs ?? 0), name: 'turn limit', step: hard },
    {
      atMs: activeAtMs + policy.idleTimeoutMs + policy.limitGraceMs,
      name: 'silence limit',
      step: { do: 'check-silence', commandId: command.id },
    },
  ];
}

function endDues(policy: RunPolicy, data: RunData): Due[] {
  if (data.cancel !== null) {
    const outcome = { ...CANCELLED, message: data.cancel.reason };
    return [{ atMs: data.cancel.atMs + policy.cancelGraceMs, name: 'cancel grace', step: { do: 'end', outcome } }];
  }
  if (data.lifecycle.claimedBy !== null) return [];
  if (data.quietSinceMs !== null && data.lastTurn !== null) {
    const atMs = data.quietSinceMs + policy.runnerIdleTimeoutMs;
    return [{ atMs, name: 'idle end', step: { do: 'end', outcome: data.lastTurn } }];
  }
  if (data.job.wanted || data.waitingSinceMs === null) return [];
  const atMs = data.waitingSinceMs + policy.unclaimedTtlMs;
  return [{ atMs, name: 'unclaimed', step: { do: 'end', outcome: UNCLAIMED } }];
}

const UNCLAIMED: Outcome = {
  status: 'failed',
  failureKind: 'runner-start-failed',
  message: { text: 'No runner was ever asked for, and none claimed the run.' },
};

/** How a turn ends that passed a limit. */
export function limitOutcome(loss: Loss & { why: 'hard-timeout' | 'idle-timeout' }): Outcome {
  const what = loss.why === 'hard-timeout' ? 'passed its time limit' : 'was silent for longer than its idle limit';
  return { status: 'failed', failureKind: loss.why, message: { text: `The turn ${what} of ${loss.limitMs} ms.` } };
}
