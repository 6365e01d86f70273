import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/**
 * Short statements in our own database, run where the workflow task runs: one event in history instead of three. They repeat
 * until the database answers, because an outage of ours must not change what happened to a run.
 */
export const records = proxyLocalActivities<Activities>({
  startToCloseTimeout: '5s',
  localRetryThreshold: '10s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/**
 * Work on the platform: it repeats while the platform is out of reach, and fails at once where the platform says that it will
 * never succeed (the activity marks that itself as not retryable).
 */
export const platform = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});
