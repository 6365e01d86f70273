import { closeGoneTasks, type GoneTaskPorts } from './gone-tasks.js';
import { heartbeating } from './heartbeating.js';

/** What should have gone on by itself so long ago does not: a busy worker is not so late. */
const LATE_MS = 15 * 60_000;
/** At most so many of a kind in one pass; the next pass takes the rest. */
const BATCH = 1_000;

/** Finds what waits for a workflow that is gone from Temporal (terminated there, or its data was lost) and of which nobody else asks. */
export function createStrandedActivities(ports: GoneTaskPorts) {
  return {
    /** May be repeated. */
    async mendStranded(): Promise<void> {
      await heartbeating(async () => {
        const queues = await tendQueues(ports);
        const tasks = await closeGoneTasks(ports, await ports.tasks.listOverdue(LATE_MS, BATCH));
        const deliveries = await deliverOverdue(ports);
        ports.log('looked for what hangs', { queues, tasks, deliveries });
      });
    },
  };
}

/** A queue whose workflow is gone begins again, and looks at its tasks as it does. */
async function tendQueues({ tasks, queueSignals }: GoneTaskPorts): Promise<number> {
  const queues = await tasks.listQueuesAtWork(BATCH);
  for (const queue of queues) await queueSignals.tendQueue(queue);
  return queues.length;
}

/** One that somebody asked for while Temporal was down has no workflow yet. */
async function deliverOverdue({ operations: { deliveries, webhookGateway } }: GoneTaskPorts): Promise<number> {
  const overdue = await deliveries.listOverdue(LATE_MS, BATCH);
  for (const delivery of overdue) await webhookGateway.deliver(delivery);
  return overdue.length;
}
