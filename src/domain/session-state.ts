import type { RunStatus } from './run-lifecycle.js';
import { isTerminalStatus } from './outcome.js';

/** `idle`: no run yet, or one between turns. `pending`: its run waits for its first turn, or has one to take up. `terminal`: its last run ended. */
export const SESSION_EXECUTION_STATES = ['idle', 'pending', 'running', 'terminal'] as const;
export type SessionExecutionState = (typeof SESSION_EXECUTION_STATES)[number];

/**
 * What a run makes of its session's state. `openTurn`: whether one is open, and whether the live attempt has taken it. `begun`: whether
 * anything was ever said to the run; a runner that is lost when all of it was done is replaced when there is more.
 */
export function sessionExecutionState(run: {
  status: RunStatus;
  openTurn: 'none' | 'waiting' | 'taken';
  begun: boolean;
}): SessionExecutionState {
  if (isTerminalStatus(run.status)) return 'terminal';
  if (run.openTurn !== 'none') return run.openTurn === 'taken' ? 'running' : 'pending';
  return run.begun || run.status === 'running' ? 'idle' : 'pending';
}

/**
 * What a list of sessions can be narrowed to. `active`: its run works or is about to; `failed`: its last run or turn failed or is blocked;
 * `needs-attention`: its attention state is one that somebody has to do something about, and it is not evicted, so that they can.
 */
export const SESSION_FILTER_STATES = [
  'active',
  'running',
  'idle',
  'unread',
  'needs-attention',
  'terminal',
  'failed',
  'evicted',
] as const;
export type SessionFilterState = (typeof SESSION_FILTER_STATES)[number];

/** How long a session lives on after its last activity, unless its creator chose. */
export const SESSION_TTL_MS = 30 * 86_400_000;
