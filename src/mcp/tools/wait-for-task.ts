import { Type } from 'typebox';
import type { TaskNews } from '../../client/follow-task.js';
import { TaskId } from '../../contract/task.js';
import { eventText } from '../event-text.js';
import { READER, taskView, TaskView } from '../task-view.js';
import { defineTool, READS } from '../tool.js';
import { OUTAGE_MS, WaitMs, within } from '../waiting.js';

const TOLD_CHARS = 200;

export const waitForTask = defineTool({
  name: 'wait_for_task',
  title: 'Wait for a task',
  description:
    'Waits until a task is over (completed, failed, blocked or cancelled) and answers its `reply` and `diagnosis`. ' +
    'When `timeoutMs` is over first, `timedOut` is true and the answer says where the task is and why: call again to wait on; the task goes on meanwhile.',
  hints: READS,
  input: Type.Object({ taskId: TaskId, timeoutMs: WaitMs }, { additionalProperties: false }),
  output: Type.Object({ ...TaskView.properties, timedOut: Type.Boolean() }),
  async run({ taskId, timeoutMs }, call) {
    const { agentrun } = call;
    await within(call, timeoutMs, async (signal, tell) => {
      const news = agentrun.tasks.follow(taskId, { signal, outageMs: OUTAGE_MS });
      for await (const item of news) tell(wordsOf(item));
      return true;
    });
    const view = await taskView(agentrun, await agentrun.tasks.get(taskId, READER));
    return { ...view, timedOut: !view.isOver };
  },
});

function wordsOf(news: TaskNews): string {
  if ('task' in news) return `${news.task.state}, ${news.task.phase}`;
  const { type } = news.event;
  return `${type}: ${eventText(news.event) ?? ''}`.trim().slice(0, TOLD_CHARS);
}
