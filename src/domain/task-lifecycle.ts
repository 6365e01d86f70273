/** A task's state follows the command of its newest attempt; between attempts, and before the first, it is `pending`. */
export const TASK_STATES = ['pending', 'running', 'completed', 'failed', 'blocked', 'cancelled'] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** What a task waits for or does, in one word. */
export const TASK_PHASES = [
  /** Nobody asked for it yet, and its queue dispatches nothing by itself. */
  'waiting-for-dispatch',
  /** Its `notBefore` has not come. */
  'waiting-until',
  'waiting-for-slot',
  /** It holds a slot, and its attempt is being made. */
  'starting',
  'running',
  /** Its last attempt failed in a way that may pass; it has no slot meanwhile. */
  'waiting-to-retry',
  'cancelling',
  'ended',
] as const;
export type TaskPhase = (typeof TASK_PHASES)[number];

/** Phases in which a task has one of its queue's slots. */
export const SLOT_PHASES = ['starting', 'running', 'cancelling'] as const satisfies readonly TaskPhase[];

export const TASK_PRIORITY = { min: 0, max: 1_000, default: 500 } as const;

/** New tries of a task, as against the attempts of one run, which count lost runners. In milliseconds. */
export const TASK_RETRY_DEFAULTS = { maxAttempts: 3, backoffMs: 10_000, maxBackoffMs: 600_000 } as const;

/** What a queue is unless somebody said otherwise. */
export const QUEUE_DEFAULTS = {
  /** Tasks that run at once. */
  concurrency: 10,
  paused: false,
  autoDispatch: false,
  /** Pending tasks, those between two attempts among them; a further one is refused. */
  maxPending: 10_000,
} as const;

/** Largest values of a queue's settings. */
export const QUEUE_LIMITS = {
  concurrency: 1_000,
  maxPending: 10_000,
  weight: 1_000,
  tenants: 1_000,
  /**
   * Waiting tasks that a queue's workflow carries, the first in order: with the longest names of tenants they stay within half of the 2 MiB
   * that a payload may have. The others wait in the records.
   */
  carried: 1_000,
} as const;
