import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/** Looks at each open task's workflow, which takes long where many wait. The next time tries again. */
export const queueReview = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

/** Statements in our own database, repeated until it answers: nothing about a task is decided by an outage of ours. */
export const queueRecords = proxyActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '2s' },
});
