import type { TaskCreate, TaskDetail, TaskSummary } from '../contract/task.js';
import type { TaskState } from '../domain/task-lifecycle.js';
import { followTask, type FollowTaskOptions, type TaskNews } from './follow-task.js';
import { followTasks, type FollowTasksOptions } from './follow-tasks.js';
import type { HttpClient } from './http-client.js';
import type { Page, PageQuery } from './page.js';

const TASKS = '/api/v1/queue/tasks';

export interface TaskQuery extends PageQuery {
  readonly queue?: string;
  readonly state?: TaskState;
  /** Tasks that changed after this, in milliseconds since the epoch. */
  readonly updatedAfter?: number;
  readonly readerId?: string;
}

/** Tasks: work that can wait, in queues. Methods throw as those of `HttpClient` do. */
export class Tasks {
  constructor(private readonly http: HttpClient) {}

  create(task: TaskCreate): Promise<TaskSummary> {
    return this.http.post<TaskSummary>(TASKS, task);
  }

  list(query: TaskQuery = {}): Promise<Page<TaskSummary>> {
    return this.http.get<Page<TaskSummary>>(TASKS, { query: { ...query } });
  }

  get(taskId: string, readerId?: string): Promise<TaskDetail> {
    return this.http.get<TaskDetail>(`${TASKS}/${taskId}`, { query: { readerId } });
  }

  dispatch(taskId: string): Promise<TaskSummary> {
    return this.http.post<TaskSummary>(`${TASKS}/${taskId}/dispatch`, {});
  }

  cancel(taskId: string, reason?: string): Promise<TaskSummary> {
    return this.http.post<TaskSummary>(`${TASKS}/${taskId}/cancel`, { reason });
  }

  markRead(taskId: string, readerId?: string): Promise<TaskSummary> {
    return this.http.post<TaskSummary>(`${TASKS}/${taskId}/read`, { readerId });
  }

  /** It as it changes, and what happens in its attempts, to its end, which is the return value. */
  follow(taskId: string, options?: FollowTaskOptions): AsyncGenerator<TaskNews, TaskDetail, void> {
    return followTask(this.http, taskId, options);
  }

  /** Each as it is now and whenever it has changed, until all of them have ended. */
  changes(taskIds: readonly string[], options?: FollowTasksOptions): AsyncGenerator<TaskSummary, void, void> {
    return followTasks(this.http, taskIds, options);
  }
}
