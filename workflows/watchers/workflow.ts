import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/**
 * Watchers are one long heartbeating activity each: when the worker that runs it dies, Temporal starts it on another one, so
 * there is no leader election of ours. The activity returns now and then, and the workflow begins anew to keep its history short.
 */
const { monitorBudgets, monitorLeases, watchRunners } = proxyActivities<Activities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** Tells each run whose lease ran out. */
export async function leaseMonitorWorkflow(): Promise<void> {
  await monitorLeases();
  await continueAsNew<typeof leaseMonitorWorkflow>();
}

/** Tells each task whose attempt passed a cap. */
export async function budgetMonitorWorkflow(): Promise<void> {
  await monitorBudgets();
  await continueAsNew<typeof budgetMonitorWorkflow>();
}

/** Tells each run whose runner Job ended. */
export async function runnerWatchWorkflow(): Promise<void> {
  await watchRunners();
  await continueAsNew<typeof runnerWatchWorkflow>();
}
