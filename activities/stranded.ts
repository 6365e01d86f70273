import { closeGoneRuns, type GoneRunPorts } from './gone-runs.js';
import { closeGoneTasks, type GoneTaskPorts } from './gone-tasks.js';
import { heartbeating } from './heartbeating.js';

/** What should have gone on by itself so long ago does not: a busy worker is not so late. */
const LATE_MS = 15 * 60_000;
/** At most so many of a kind in one pass; the next pass takes the rest. */
const BATCH = 1_000;

/** Finds what waits for a workflow that is gone from Temporal (terminated there, or its data was lost) and of which nobody else asks. */
export function createStrandedActivities(ports: GoneTaskPorts & GoneRunPorts) {
  return {
    /** May be repeated. */
    async mendStranded(): Promise<void> {
      await heartbeating(async () => {
        // Before the queues, which then learn what became of their tasks' runs.
        const runs = await closeGoneRuns(ports);
        const { queues, tasks } = await tendQueues(ports);
        const overdue = await closeGoneTasks(ports, await ports.tasks.listOverdue(LATE_MS, BATCH));
        const deliveries = await deliverOverdue(ports);
        ports.log('looked for what hangs', { runs, queues, tasks: tasks + overdue, deliveries });
      });
    },
  };
}

/** A queue whose workflow is gone begins again, and gives out the slots of those tasks whose workflow is gone as well. */
async function tendQueues(ports: GoneTaskPorts): Promise<{ queues: number; tasks: number }> {
  const queues = await ports.tasks.listQueuesAtWork(BATCH);
  let tasks = 0;
  for (const queue of queues) {
    tasks += await closeGoneTasks(ports, await ports.tasks.listInQueue(queue));
    await ports.queueSignals.tendQueue(queue);
  }
  return { queues: queues.length, tasks };
}

/** One that somebody asked for while Temporal was down has no workflow yet, or one that was about to end and has not heard of it. */
async function deliverOverdue({ operations: { deliveries, webhookGateway } }: GoneTaskPorts): Promise<number> {
  const overdue = await deliveries.listOverdue(LATE_MS, BATCH);
  for (const delivery of overdue) await webhookGateway.deliverNow(delivery);
  return overdue.length;
}
