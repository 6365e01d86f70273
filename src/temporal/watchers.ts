import { ScheduleAlreadyRunning, type Client } from '@temporalio/client';
import { RUNNER_RETENTION_WORKFLOW_ID, STORAGE_GC_WORKFLOW_ID, TASK_QUEUE } from '../domain/ids.js';
import type {
  budgetMonitorWorkflow,
  leaseMonitorWorkflow,
  runnerWatchWorkflow,
  warmRunnersWorkflow,
} from '../../workflows/watchers/workflow.js';
import type { collectSessionStorageWorkflow } from '../../workflows/session/workflow.js';
import type { runnerRetentionWorkflow } from '../../workflows/retention/workflow.js';
import type { maintenanceWorkflow } from '../../workflows/maintenance/workflow.js';

/** What runs beside the runs: one of each however many managers start it, visible and pausable in the Temporal UI. */
export async function ensureWatchers(
  client: Client,
  options: { retainRunners: boolean; keepWarm: boolean },
): Promise<void> {
  const existing = { taskQueue: TASK_QUEUE, workflowIdConflictPolicy: 'USE_EXISTING' } as const;
  await client.workflow.start<typeof leaseMonitorWorkflow>('leaseMonitorWorkflow', {
    ...existing,
    workflowId: 'watch:leases',
    staticSummary: 'Tells runs whose lease ran out',
  });
  await client.workflow.start<typeof runnerWatchWorkflow>('runnerWatchWorkflow', {
    ...existing,
    workflowId: 'watch:runners',
    staticSummary: 'Tells runs whose runner Job ended',
  });
  await client.workflow.start<typeof budgetMonitorWorkflow>('budgetMonitorWorkflow', {
    ...existing,
    workflowId: 'watch:budgets',
    staticSummary: 'Tells tasks whose attempt passed a cap',
  });
  if (options.keepWarm) {
    await client.workflow.start<typeof warmRunnersWorkflow>('warmRunnersWorkflow', {
      ...existing,
      workflowId: 'watch:warm-runners',
      staticSummary: 'Keeps runners ready before runs want them',
    });
  }
  await ensureHourly(client, 'maintenance', 'maintenanceWorkflow' satisfies (typeof maintenanceWorkflow)['name']);
  await ensureHourly(
    client,
    STORAGE_GC_WORKFLOW_ID,
    'collectSessionStorageWorkflow' satisfies (typeof collectSessionStorageWorkflow)['name'],
  );
  // Left where the cap is taken away later: a cycle without a cap does nothing.
  if (options.retainRunners) {
    const workflowType = 'runnerRetentionWorkflow' satisfies (typeof runnerRetentionWorkflow)['name'];
    await ensureEvery('10 minutes', client, RUNNER_RETENTION_WORKFLOW_ID, workflowType);
  }
}

/** What operators read beside a schedule. */
const NOTES: Readonly<Record<string, string>> = {
  maintenance:
    'Drops what is older than it is kept, and mends what waits for a workflow that is gone. Paused, neither is done.',
  [STORAGE_GC_WORKFLOW_ID]: 'Evicts the storage of expired sessions. Paused, volumes are kept.',
  [RUNNER_RETENTION_WORKFLOW_ID]: 'Deletes runners over the cap. Paused, they are kept.',
};

async function ensureHourly(client: Client, scheduleId: string, workflowType: string): Promise<void> {
  await ensureEvery('1 hour', client, scheduleId, workflowType);
}

/** The schedule and the workflow that it starts have one name. */
async function ensureEvery(
  every: '1 hour' | '10 minutes',
  client: Client,
  scheduleId: string,
  workflowType: string,
): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every }], jitter: every === '1 hour' ? '5 minutes' : '1 minute' },
      action: { type: 'startWorkflow', workflowType, taskQueue: TASK_QUEUE, workflowId: scheduleId },
      policies: { overlap: 'SKIP' },
      state: { note: NOTES[scheduleId] },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
