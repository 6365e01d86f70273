import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/** Deleting takes as long as Pods take to end; the next scheduled time tries again anyway. */
const { retainRunners } = proxyActivities<Activities>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
});

export type Retained = Awaited<ReturnType<Activities['retainRunners']>>;

/** One cycle of the runners' retention. */
export async function runnerRetentionWorkflow({ dryRun }: { dryRun: boolean } = { dryRun: false }): Promise<Retained> {
  return retainRunners({ dryRun });
}
