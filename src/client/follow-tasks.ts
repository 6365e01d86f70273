import type { TaskSummary } from '../contract/task.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { HttpClient } from './http-client.js';
import { Outage, pause, type OutageOptions } from './outage.js';

export interface FollowTasksOptions extends OutageOptions {
  /** Ends the following, which then throws the signal's reason. The tasks go on. */
  readonly signal?: AbortSignal;
  /** How often it is asked what has changed; 1,000. */
  readonly pollMs?: number;
  /** How often each task is asked after by its id, should a change have been written late; 30,000. */
  readonly reviewMs?: number;
}

const POLL_MS = 1_000;
const REVIEW_MS = 30_000;
/** Changes are written in another order than their times say, by so much at most in passing. */
const OVERLAP_MS = 5_000;
const PAGE = 500;
const AT_ONCE = 8;
const TASKS_PATH = '/api/v1/queue/tasks';

/**
 * Several tasks, each as it is now and then whenever it has changed, until all of them have ended. One question asks after all.
 * @throws ApiError for a refusal; TransportError when the server stays away.
 */
export async function* followTasks(
  client: HttpClient,
  taskIds: readonly string[],
  options: FollowTasksOptions = {},
): AsyncGenerator<TaskSummary, void, void> {
  const outage = new Outage(options);
  const watch = new TasksWatch(client, taskIds, options);
  for (;;) {
    try {
      const tasks = await watch.look();
      outage.connected();
      outage.heard();
      yield* watch.news(tasks);
      if (watch.isOver) return;
      await pause(options.pollMs ?? POLL_MS, options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      await pause(outage.retryIn(error), options.signal);
    }
  }
}

class TasksWatch {
  readonly #open: Set<string>;
  readonly #marks = new Map<string, string>();
  #reviewedAtMs: number | undefined;
  #changedAtMs = 0;

  constructor(
    private readonly client: HttpClient,
    taskIds: readonly string[],
    private readonly options: FollowTasksOptions,
  ) {
    this.#open = new Set(taskIds);
  }

  get isOver(): boolean {
    return this.#open.size === 0;
  }

  async look(): Promise<TaskSummary[]> {
    const atMs = performance.now();
    const { reviewMs = REVIEW_MS } = this.options;
    if (this.#reviewedAtMs !== undefined && atMs - this.#reviewedAtMs < reviewMs) return this.#changed();
    const tasks = await this.#each();
    this.#reviewedAtMs = atMs;
    return tasks;
  }

  *news(tasks: readonly TaskSummary[]): Generator<TaskSummary, void, void> {
    for (const task of tasks) {
      this.#changedAtMs = Math.max(this.#changedAtMs, Date.parse(task.updatedAt));
      if (!this.#open.has(task.id) || this.#marks.get(task.id) === markOf(task)) continue;
      this.#marks.set(task.id, markOf(task));
      if (isTerminalStatus(task.state)) this.#open.delete(task.id);
      yield task;
    }
  }

  async #each(): Promise<TaskSummary[]> {
    const { signal } = this.options;
    const ids = [...this.#open];
    const tasks: TaskSummary[] = [];
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE);
      tasks.push(
        ...(await Promise.all(some.map((id) => this.client.get<TaskSummary>(`${TASKS_PATH}/${id}`, { signal })))),
      );
    }
    return tasks;
  }

  /** Of all tasks that somebody may see: ours are among them. */
  async #changed(): Promise<TaskSummary[]> {
    const { signal } = this.options;
    const updatedAfter = Math.max(0, this.#changedAtMs - OVERLAP_MS);
    const tasks: TaskSummary[] = [];
    let cursor: string | undefined;
    do {
      const query = { updatedAfter, limit: PAGE, cursor };
      const page = await this.client.get<{ items: TaskSummary[]; nextCursor?: string }>(TASKS_PATH, { query, signal });
      tasks.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return tasks;
  }
}

function markOf({ updatedAt, state, phase, latestAttempt: attempt }: TaskSummary): string {
  return JSON.stringify([updatedAt, state, phase, attempt?.attempt, attempt?.runId, attempt?.state]);
}
