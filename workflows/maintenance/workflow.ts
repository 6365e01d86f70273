import { patched, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

const { maintainRecords } = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  // The next scheduled time tries again anyway.
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumAttempts: 5 },
});

const { mendStranded } = proxyActivities<Activities>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumAttempts: 5 },
});

/**
 * Keeps the records in bounds: partitions ahead, old ones dropped, abandoned drafts and expired keys removed. And finds what hangs, also
 * where the records could not be kept; then it fails all the same, so that Temporal shows it.
 */
export async function maintenanceWorkflow(): Promise<void> {
  const [maintained] = await Promise.allSettled([maintainRecords()]);
  if (patched('mends-what-hangs')) await mendStranded();
  if (maintained.status === 'rejected') throw maintained.reason;
}
