import { Type } from 'typebox';
import { QueueName } from '../../contract/task.js';
import { NEEDS_ATTENTION } from '../../domain/attention.js';
import { TASK_STATES } from '../../domain/task-lifecycle.js';
import { READER, taskBrief, TaskBrief } from '../task-view.js';
import { defineTool, READS } from '../tool.js';

export const listTasks = defineTool({
  name: 'list_tasks',
  title: 'List tasks',
  description:
    'Tasks: first, in `needsAttention`, those somebody has to do something about (a question to answer, a failure nobody has dealt with, a runner that does not show itself), the most pressing first; ' +
    'then, in `tasks`, all of them page by page, the newest first. mark_task_read takes a failure off the first list.',
  hints: READS,
  input: Type.Object(
    {
      queue: Type.Optional(QueueName),
      state: Type.Optional(Type.Enum(TASK_STATES, { description: 'Only these; then `needsAttention` is left empty.' })),
      limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Of each of the two lists.' }),
      cursor: Type.Optional(Type.String({ description: '`nextCursor` of the page before.' })),
    },
    { additionalProperties: false },
  ),
  output: Type.Object({
    needsAttention: Type.Array(TaskBrief),
    tasks: Type.Array(TaskBrief),
    nextCursor: Type.Optional(
      Type.String({ description: 'Give it as `cursor` for the next page; absent on the last.' }),
    ),
  }),
  async run({ queue, state, limit, cursor }, { agentrun }) {
    const isFirst = state === undefined && cursor === undefined;
    const [pressing, page] = await Promise.all([
      isFirst ? agentrun.queues.commander({ queue, readerId: READER, limit }) : undefined,
      agentrun.tasks.list({ queue, state, limit, cursor, readerId: READER }),
    ]);
    const needsAttention = (pressing?.items ?? []).filter((task) => NEEDS_ATTENTION.includes(task.attentionState));
    const { nextCursor } = page;
    return {
      needsAttention: needsAttention.map(taskBrief),
      tasks: page.items.map(taskBrief),
      ...(nextCursor !== undefined && { nextCursor }),
    };
  },
});
