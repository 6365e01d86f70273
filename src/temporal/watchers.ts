import { ScheduleAlreadyRunning, type Client } from '@temporalio/client';
import { STORAGE_GC_WORKFLOW_ID, TASK_QUEUE } from '../domain/ids.js';
import type {
  budgetMonitorWorkflow,
  leaseMonitorWorkflow,
  runnerWatchWorkflow,
} from '../../workflows/watchers/workflow.js';
import type { collectSessionStorageWorkflow } from '../../workflows/session/workflow.js';
import type { maintenanceWorkflow } from '../../workflows/maintenance/workflow.js';

/** What runs beside the runs: one of each however many managers start it, visible and pausable in the Temporal UI. */
export async function ensureWatchers(client: Client): Promise<void> {
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
  await ensureHourly(client, 'maintenance', 'maintenanceWorkflow' satisfies (typeof maintenanceWorkflow)['name']);
  await ensureHourly(
    client,
    STORAGE_GC_WORKFLOW_ID,
    'collectSessionStorageWorkflow' satisfies (typeof collectSessionStorageWorkflow)['name'],
  );
}

/** The schedule and the workflow that it starts have one name. */
async function ensureHourly(client: Client, scheduleId: string, workflowType: string): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '1 hour' }], jitter: '5 minutes' },
      action: { type: 'startWorkflow', workflowType, taskQueue: TASK_QUEUE, workflowId: scheduleId },
      policies: { overlap: 'SKIP' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
