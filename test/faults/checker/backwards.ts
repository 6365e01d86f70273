import { isTerminalStatus } from '../../../src/domain/outcome.js';
import { compareProgress, type RunStatus } from '../../../src/domain/run-lifecycle.js';
import { isJobOver, RUNNER_JOB_STATUSES, type RunnerJobStatus } from '../../../src/domain/runner-job-status.js';

/** What the triggers write down of each kind of thing. */
export interface States {
  readonly runs: {
    readonly status: RunStatus;
    readonly attempt: number;
    readonly terminal_status: string | null;
    readonly claimed_by: string | null;
  };
  readonly commands: { readonly state: string; readonly attempt: number | null; readonly superseded_by: string | null };
  readonly tasks: {
    readonly state: string;
    readonly phase: string;
    readonly attempt: number;
    readonly dispatched_at: string | null;
  };
  readonly runner_jobs: { readonly status: RunnerJobStatus; readonly attempt: number; readonly job_name: string };
  readonly run_leases: {
    readonly attempt: number;
    readonly alive: boolean;
    readonly runner_id: string | null;
    readonly ended: boolean;
  };
  readonly sessions: {
    readonly execution_state: string;
    readonly active_run_id: string | null;
    readonly last_run_id: string | null;
    readonly terminal_status: string | null;
    readonly news: number;
    readonly storage_state: string;
  };
}

type IsBackwards<State> = (was: State, becomes: State) => boolean;

const COMMAND_ORDER = ['pending', 'acknowledged'];
const TASK_ORDER = ['pending', 'running'];
const STORAGE_ORDER = ['none', 'pvc', 'evicting', 'evicted'];
/** What a task that was running waits for when it is tried again. */
const BETWEEN_ATTEMPTS = ['waiting-to-retry', 'waiting-for-slot'];

/** Of each kind of thing, whether a change leads back to what had been. Pure. */
export const BACKWARDS: { readonly [Thing in keyof States]: IsBackwards<States[Thing]> } = {
  runs: (was, becomes) =>
    isTerminalStatus(was.status)
      ? differs(was, becomes, 'status', 'attempt', 'terminal_status')
      : compareProgress(was, becomes) > 0 || changesHolder(was.claimed_by, becomes.claimed_by, was, becomes),

  commands: (was, becomes) =>
    (was.attempt ?? 0) > (becomes.attempt ?? 0) ||
    (was.superseded_by !== null && differs(was, becomes, 'superseded_by')) ||
    isBefore(COMMAND_ORDER, becomes.state, was.state),

  /** One that has ended begins anew only where it was dispatched again; one that waits for its next attempt is pending again. */
  tasks: (was, becomes) => {
    if (becomes.attempt < was.attempt) return true;
    if (isTerminalStatus(was.state))
      return isLater(was.dispatched_at, becomes.dispatched_at) ? false : differs(was, becomes, 'state', 'attempt');
    const isTriedAgain =
      was.state === 'running' && becomes.state === 'pending' && BETWEEN_ATTEMPTS.includes(becomes.phase);
    return !isTriedAgain && isBefore(TASK_ORDER, becomes.state, was.state);
  },

  runner_jobs: (was, becomes) =>
    differs(was, becomes, 'attempt', 'job_name') ||
    (isJobOver(was)
      ? differs(was, becomes, 'status')
      : RUNNER_JOB_STATUSES.indexOf(becomes.status) < RUNNER_JOB_STATUSES.indexOf(was.status)),

  run_leases: (was, becomes) =>
    becomes.attempt < was.attempt ||
    (was.ended && (!becomes.ended || becomes.alive)) ||
    changesHolder(was.runner_id, becomes.runner_id, was, becomes),

  /** Between its turns a session is idle again, and with its next run it is pending again; that run's end is the last word of it. */
  sessions: (was, becomes) =>
    becomes.news < was.news ||
    STORAGE_ORDER.indexOf(becomes.storage_state) < STORAGE_ORDER.indexOf(was.storage_state) ||
    (was.execution_state === 'terminal' &&
      was.last_run_id === becomes.last_run_id &&
      differs(was, becomes, 'execution_state', 'terminal_status', 'active_run_id')),
};

/** Whoever holds an attempt holds it to its end. */
function changesHolder(
  before: string | null,
  after: string | null,
  was: { readonly attempt: number },
  becomes: { readonly attempt: number },
): boolean {
  return was.attempt === becomes.attempt && before !== null && after !== null && before !== after;
}

/** What has ended has no other state before or after it. */
function isBefore(order: readonly string[], state: string, other: string): boolean {
  if (isTerminalStatus(other)) return state !== other;
  return !isTerminalStatus(state) && order.indexOf(state) < order.indexOf(other);
}

function isLater(before: string | null, after: string | null): boolean {
  return after !== null && (before === null || Date.parse(after) > Date.parse(before));
}

function differs<State>(was: State, becomes: State, ...names: readonly (keyof State)[]): boolean {
  return names.some((name) => was[name] !== becomes[name]);
}
