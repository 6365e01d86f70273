import { Type } from 'typebox';
import { TaskCancel, TaskId } from '../../contract/task.js';
import { taskBrief, TaskBrief } from '../task-view.js';
import { defineTool, ENDS_WORK } from '../tool.js';

export const cancelTask = defineTool({
  name: 'cancel_task',
  title: 'Cancel a task',
  description:
    'Stops a task for good: its agent is interrupted, and it is not tried again. One that is over stays as it is. The end may take some seconds: wait_for_task tells it.',
  hints: ENDS_WORK,
  input: Type.Object({ taskId: TaskId, reason: TaskCancel.properties.reason }, { additionalProperties: false }),
  output: TaskBrief,
  run: async ({ taskId, reason }, { agentrun }) => taskBrief(await agentrun.tasks.cancel(taskId, reason ?? undefined)),
});
