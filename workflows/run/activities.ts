import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/**
 * Short statements in our own database. Ordinary activities, not local ones: a local one runs before the decision it belongs to is
 * durable, and when many messages come at once Temporal drops begun tasks, so that what was written might never have been
 * decided. They repeat until the database answers, because an outage of ours must not change what happened to a run.
 */
export const records = proxyActivities<Activities>({
  // A statement is given up after two seconds; one whose worker died is waited for so long.
  startToCloseTimeout: '3s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/** For so long a look after senders may take, its wait included, whatever happens. */
export const LOOK_MS = 6_000;

/** A look that fails, for want of a database or of a worker, is no matter: what it was for is written then. */
export const looks = proxyActivities<Pick<Activities, 'readWrittenVersion'>>({
  scheduleToCloseTimeout: LOOK_MS,
  retry: { maximumAttempts: 1 },
});

/**
 * Work on the platform: it repeats while the platform is out of reach, and fails at once where the platform says that it will
 * never succeed (the activity marks that itself as not retryable).
 */
export const platform = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  // Stopping may take long; one whose worker died must not be waited for as long.
  heartbeatTimeout: '5s',
  // A Job whose launch is given up must not appear after it was stopped.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});
