import { closeGoneTask } from '../src/operations/tasks/close-gone-task.js';
import type { ActivityPorts } from './ports.js';

export type GoneTaskPorts = Pick<ActivityPorts, 'tasks' | 'operations' | 'queueSignals' | 'log'>;

/** So many workflows are asked for at once. */
const AT_ONCE = 20;

/** Ends those of these tasks whose workflow is gone: it writes their end no more, so somebody has to. Answers how many. */
export async function closeGoneTasks(ports: GoneTaskPorts, taskIds: readonly string[]): Promise<number> {
  let closed = 0;
  for (let from = 0; from < taskIds.length; from += AT_ONCE) {
    for (const taskId of await ports.queueSignals.findGoneTasks(taskIds.slice(from, from + AT_ONCE))) {
      const row = await ports.tasks.get(taskId, 'all');
      if (row === undefined) continue;
      await closeGoneTask(ports.operations, row, orphanMessage(taskId));
      ports.log('closed a task whose workflow is gone', { taskId, queue: row.record.queue });
      closed += 1;
    }
  }
  return closed;
}

function orphanMessage(taskId: string): string {
  return `the task's workflow task:${taskId} is gone from Temporal (terminated there, or its data was lost); dispatch the task again`;
}
