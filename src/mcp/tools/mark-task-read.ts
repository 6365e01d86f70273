import { Type } from 'typebox';
import { TaskId } from '../../contract/task.js';
import { READER, taskBrief, TaskBrief } from '../task-view.js';
import { defineTool, MARKS } from '../tool.js';

export const markTaskRead = defineTool({
  name: 'mark_task_read',
  title: 'Mark a task as read',
  description:
    'Says that what became of a task has been dealt with, so that list_tasks no longer puts it first. For agents only: what people have read is marked apart.',
  hints: MARKS,
  input: Type.Object({ taskId: TaskId }, { additionalProperties: false }),
  output: TaskBrief,
  run: async ({ taskId }, { agentrun }) => taskBrief(await agentrun.tasks.markRead(taskId, READER)),
});
