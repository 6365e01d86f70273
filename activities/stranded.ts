import { closeGoneRuns, stopOverdue, type GoneRunPorts } from './gone-runs.js';
import { closeGoneTasks, type GoneTaskPorts } from './gone-tasks.js';
import { heartbeating } from './heartbeating.js';
import { Housekeeping } from './housekeeping.js';

/** What should have gone on by itself so long ago does not: a busy worker is not so late. */
const LATE_MS = 15 * 60_000;
/** At most so many of a kind in one pass; the next pass takes the rest. */
const BATCH = 1_000;

/** Finds what waits for a workflow that is gone from Temporal (terminated there, or its data was lost) and of which nobody else asks. */
export function createStrandedActivities(ports: GoneTaskPorts & GoneRunPorts) {
  const { tasks, jobs, queueSignals, log } = ports;
  const { deliveries, webhookGateway } = ports.operations;
  return {
    /** May be repeated. @throws at its end, where a part of it failed; the others were done. */
    async mendStranded(): Promise<void> {
      await heartbeating(async () => {
        const pass = new Housekeeping(ports);
        let closed = 0;
        const close = async (taskIds: readonly string[]) => {
          const gone = await closeGoneTasks(ports, taskIds);
          closed += gone;
        };
        // A queue whose workflow is gone begins again, and gives out the slots of those tasks whose workflow is gone as well.
        const tend = async (queue: string) => {
          await close(await tasks.listInQueue(queue));
          await queueSignals.tendQueue(queue);
        };
        const overdue = async () => tasks.listOverdue(LATE_MS, BATCH);
        // Before the queues, which then learn what became of their tasks' runs.
        const runs = await pass.part('runs', async () => closeGoneRuns(ports));
        const queues = await pass.each('queues', async () => tasks.listQueuesAtWork(BATCH), tend);
        await pass.each('tasks', overdue, async (taskId) => close([taskId]));
        // One that somebody asked for while Temporal was down has no workflow yet, or one that was about to end and has not heard of it.
        const late = async () => deliveries.listOverdue(LATE_MS, BATCH);
        const delivered = await pass.each('deliveries', late, async (one) => webhookGateway.deliverNow(one));
        // Last: a platform may take long.
        const left = async () => jobs.listOverdue(LATE_MS, BATCH);
        const lookedAt = await pass.each('Jobs', left, async (job) => stopOverdue(ports, job));
        log('looked for what hangs', { runs, queues, tasks: closed, deliveries: delivered, jobs: lookedAt });
        pass.conclude();
      });
    },
  };
}
