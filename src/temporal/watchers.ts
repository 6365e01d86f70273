import { ScheduleAlreadyRunning, type Client } from '@temporalio/client';
import { TASK_QUEUE } from '../domain/ids.js';
import type { leaseMonitorWorkflow, runnerWatchWorkflow } from '../../workflows/watchers/workflow.js';
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
  await ensureMaintenanceSchedule(client);
}

async function ensureMaintenanceSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: 'maintenance',
      spec: { intervals: [{ every: '1 hour' }], jitter: '5 minutes' },
      action: {
        type: 'startWorkflow',
        workflowType: 'maintenanceWorkflow' satisfies (typeof maintenanceWorkflow)['name'],
        taskQueue: TASK_QUEUE,
        workflowId: 'maintenance',
      },
      policies: { overlap: 'SKIP' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
