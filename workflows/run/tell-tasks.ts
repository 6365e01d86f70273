import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { taskWorkflowId } from '../../src/domain/ids.js';
import type { CommandEnded } from '../../src/domain/task-messages.js';
import { commandEndedSignal } from '../queue-task/messages.js';
import type { LiveRun } from './live-run.js';
import type { RunData } from './run-data.js';

export function isUntold({ untold }: RunData): boolean {
  return untold !== undefined && untold.length > 0;
}

/** Tells each task whose command has ended, after that can be read: the run may not close before its tasks know. */
export async function tellTasks({ run, projection }: Pick<LiveRun, 'run' | 'projection'>): Promise<void> {
  while (isUntold(run.data) && !projection.foreign) {
    const ended = run.data.untold ?? [];
    await projection.flush();
    await Promise.all(ended.map(tell));
    run.told(ended);
  }
}

async function tell(ended: CommandEnded): Promise<void> {
  try {
    await getExternalWorkflowHandle(taskWorkflowId(ended.taskId)).signal(commandEndedSignal, ended);
  } catch {
    // A task that is gone has nobody left to tell.
  }
}
