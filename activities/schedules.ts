import type { ScheduledTaskMade } from '../src/domain/schedules.js';
import type { TaskState } from '../src/domain/task-lifecycle.js';
import {
  cancelScheduledTask,
  makeScheduledTask,
  type ScheduleTime,
} from '../src/operations/schedules/scheduled-task.js';
import { heartbeating } from './heartbeating.js';
import type { ActivityPorts } from './ports.js';

/** What the times of schedules do. All may be repeated. */
export function createScheduleActivities({ operations }: Pick<ActivityPorts, 'operations'>) {
  return {
    async createScheduledTask(time: ScheduleTime): Promise<ScheduledTaskMade> {
      return heartbeating(async () => makeScheduledTask(operations, time));
    },

    async cancelScheduledTask(task: { scheduleId: string; taskId: string }): Promise<void> {
      await heartbeating(async () => cancelScheduledTask(operations, task));
    },

    /** One that is gone has failed. */
    async readTaskState({ taskId }: { taskId: string }): Promise<TaskState> {
      return (await operations.tasks.get(taskId, 'all'))?.record.state ?? 'failed';
    },
  };
}
