import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/** Statements in our own database; they repeat until it answers. */
export const taskRecords = proxyActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/**
 * What is said to runs and queues. Repeated until it was taken: the activity marks what is refused for good as not retryable. A session
 * whose last run is ending may take its time.
 */
export const attempts = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  // One whose worker died must not be waited for as long: the task has its slot meanwhile, and cannot end.
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});
