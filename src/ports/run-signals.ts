import type { LeaseExpired, RunnerExited } from '../domain/run-messages.js';

/** What watchers tell a run's workflow. Telling one that has ended does nothing. */
export interface RunSignals {
  leaseExpired(workflowId: string, message: LeaseExpired): Promise<void>;
  runnerExited(workflowId: string, message: RunnerExited): Promise<void>;
}
