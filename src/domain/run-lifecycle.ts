import { assertNever } from './assert-never.js';
import { isTerminalStatus, type Outcome, type TerminalStatus } from './outcome.js';

/**
 * The life of a run: `pending → claimed → running →` one terminal word, after which nothing changes again.
 * A lost attempt goes back to `pending` with the next attempt number, so progress is ordered by (attempt, status).
 */
export const RUN_STATUSES = ['pending', 'claimed', 'running', 'completed', 'failed', 'blocked', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface RunLifecycle {
  readonly status: RunStatus;
  /** From 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The runner that holds the attempt. */
  readonly claimedBy: string | null;
  readonly outcome: Outcome | null;
}

export type RunEvent =
  | { readonly type: 'claimed'; readonly runnerId: string }
  | { readonly type: 'turn-acknowledged' }
  /** The attempt's runner is gone; `whenExhausted` is how the run ends if this was its last attempt. */
  | { readonly type: 'attempt-lost'; readonly whenExhausted: Outcome }
  | { readonly type: 'ended'; readonly outcome: Outcome };

export type RunRefusal = 'run-terminal' | 'held-by-another-runner' | 'not-claimed';

export type RunTransition =
  { readonly ok: true; readonly run: RunLifecycle } | { readonly ok: false; readonly refusal: RunRefusal };

export function newRun(maxAttempts: number): RunLifecycle {
  return { status: 'pending', attempt: 1, maxAttempts, claimedBy: null, outcome: null };
}

/** The next state of a run, or why the event is refused. Pure. */
export function transitionRun(run: RunLifecycle, event: RunEvent): RunTransition {
  if (isTerminalStatus(run.status)) return { ok: false, refusal: 'run-terminal' };
  switch (event.type) {
    case 'claimed':
      return claim(run, event.runnerId);
    case 'turn-acknowledged':
      if (run.claimedBy === null) return { ok: false, refusal: 'not-claimed' };
      return { ok: true, run: { ...run, status: 'running' } };
    case 'attempt-lost':
      return { ok: true, run: loseAttempt(run, event.whenExhausted) };
    case 'ended':
      return { ok: true, run: end(run, event.outcome) };
    default:
      return assertNever(event);
  }
}

/** Orders states of one run in time: a later state never compares lower. */
export function compareProgress(
  a: { attempt: number; status: RunStatus },
  b: { attempt: number; status: RunStatus },
): number {
  const terminal = Number(isTerminalStatus(a.status)) - Number(isTerminalStatus(b.status));
  return terminal || a.attempt - b.attempt || rank(a.status) - rank(b.status);
}

function claim(run: RunLifecycle, runnerId: string): RunTransition {
  if (run.claimedBy === runnerId) return { ok: true, run };
  if (run.claimedBy !== null) return { ok: false, refusal: 'held-by-another-runner' };
  return { ok: true, run: { ...run, status: 'claimed', claimedBy: runnerId } };
}

function loseAttempt(run: RunLifecycle, whenExhausted: Outcome): RunLifecycle {
  if (run.attempt >= run.maxAttempts) return end(run, whenExhausted);
  return { ...run, status: 'pending', attempt: run.attempt + 1, claimedBy: null };
}

function end(run: RunLifecycle, outcome: Outcome): RunLifecycle {
  return { ...run, status: outcome.status satisfies TerminalStatus, outcome };
}

function rank(status: RunStatus): number {
  return isTerminalStatus(status) ? 3 : RUN_STATUSES.indexOf(status);
}
