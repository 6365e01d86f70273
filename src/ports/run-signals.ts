import type { LeaseExpired, RunnerExited } from '../domain/run-messages.js';

/** Whether there was a workflow to tell; `gone` when it has closed, was terminated, or Temporal does not know it. */
export type SignalResult = 'told' | 'gone';

/** What watchers tell a run's workflow. Telling one that has ended does nothing. */
export interface RunSignals {
  leaseExpired(workflowId: string, message: LeaseExpired): Promise<SignalResult>;
  runnerExited(workflowId: string, message: RunnerExited): Promise<void>;
}
