import { ScheduleAlreadyRunning, type Client, type Connection } from '@temporalio/client';
import { TASK_QUEUE } from '../domain/ids.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { leaseMonitorWorkflow, runnerWatchWorkflow } from '../../workflows/watchers/workflow.js';
import type { maintenanceWorkflow } from '../../workflows/maintenance/workflow.js';

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

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

/** Makes the namespace know our search attributes; a workflow that sets an unknown one would fail. */
export async function ensureSearchAttributes({ operatorService }: Connection, namespace: string): Promise<void> {
  const known = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => known.customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes });
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
