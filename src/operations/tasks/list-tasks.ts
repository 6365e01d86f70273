import type { TaskSummary } from '../../contract/task.js';
import type { TaskFilter } from '../../ports/task-store.js';
import type { OperationContext } from '../context.js';
import { taskSummaries } from './task-summaries.js';

/** A page of tasks, newest first, each with how the work on it stands. */
export async function listTasks(
  context: Pick<OperationContext, 'tasks' | 'board'>,
  filter: TaskFilter & { readonly readerId: string },
): Promise<{ items: TaskSummary[]; nextCursor?: string }> {
  const { items, ...page } = await context.tasks.list(filter);
  return { items: await taskSummaries(context, items, filter.readerId), ...page };
}
