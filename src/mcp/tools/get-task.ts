import { Type } from 'typebox';
import { TaskId } from '../../contract/task.js';
import { READER, TaskView, taskView } from '../task-view.js';
import { defineTool, READS } from '../tool.js';

export const getTask = defineTool({
  name: 'get_task',
  title: 'Look at a task',
  description:
    'Where a task is now and why, in `diagnosis`; its `reply` once it is over. To wait for its end call wait_for_task, which costs fewer calls.',
  hints: READS,
  input: Type.Object({ taskId: TaskId }, { additionalProperties: false }),
  output: TaskView,
  run: async ({ taskId }, { agentrun }) => taskView(agentrun, await agentrun.tasks.get(taskId, READER)),
});
