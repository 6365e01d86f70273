import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.js';

/**
 * Watchers are one long heartbeating activity each: when the worker that runs it dies, Temporal starts it on another one, so
 * there is no leader election of ours. The activity returns now and then, and the workflow begins anew to keep its history short.
 */
const { keepRunnersWarm, monitorBudgets, monitorLeases, watchRunners } = proxyActivities<Activities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** What an operator must know of it; it begins anew with each shift. */
function shift(words: string): string {
  return `${words}\n- this shift began ${new Date().toISOString()}\n- cancelled or terminated by mistake: it is started again with the next worker`;
}

/** Tells each run whose lease ran out. */
export async function leaseMonitorWorkflow(): Promise<void> {
  setCurrentDetails(
    shift('Tells each run whose lease ran out. Without it runs notice that by themselves, within 90 minutes.'),
  );
  await monitorLeases();
  await continueAsNew<typeof leaseMonitorWorkflow>();
}

/** Tells each task whose attempt passed a cap. */
export async function budgetMonitorWorkflow(): Promise<void> {
  setCurrentDetails(shift('Tells each task whose attempt passed a cap of tokens. Without it nothing is stopped.'));
  await monitorBudgets();
  await continueAsNew<typeof budgetMonitorWorkflow>();
}

/** Keeps the pools of warm runners; ends where none is kept (any more) and nothing is left of them. */
export async function warmRunnersWorkflow(): Promise<void> {
  setCurrentDetails(shift('Keeps runners ready before runs want them. Without it every run starts its own.'));
  if (await keepRunnersWarm()) return;
  await continueAsNew<typeof warmRunnersWorkflow>();
}

/** Tells each run whose runner Job ended. */
export async function runnerWatchWorkflow(): Promise<void> {
  setCurrentDetails(shift('Tells each run whose runner Job ended. Without it a lost runner is noticed by its lease.'));
  await watchRunners();
  await continueAsNew<typeof runnerWatchWorkflow>();
}
