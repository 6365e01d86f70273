import type { History, Stage } from './stage.js';

/** Something that happens to a workflow, from its start until what is worth keeping has happened. */
export interface Life {
  /** The manager's, as in the environment. */
  readonly settings: Record<string, string>;
  /** Lets it happen; answers the histories of all executions, oldest first. */
  play(stage: Stage): Promise<History[]>;
}

/** Settings of lives that should not last. */
export const SOON = { AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500', AGENTRUN_JOB_STOP_GRACE_MS: '2000' };
export const RETRY_SOON = { retryPolicy: { maxAttempts: 2, backoffMs: 100 } };
