import { ApiError, TransportError, type HttpClient } from '../../client/http-client.js';
import { pause } from '../../client/outage.js';
import type { QueueCommander, QueueRecord, QueueStats } from '../../contract/queue.js';
import type { TaskDetail, TaskSummary } from '../../contract/task.js';
import { QUEUES_PATH } from '../commands/queue/options.js';
import { TASKS_PATH, taskPath } from '../commands/task/options.js';
import type { BoardData, BoardInput } from './board-state.js';

export interface BoardQuery {
  readonly client: HttpClient;
  /** Null: all of them. */
  readonly queue: string | null;
  readonly readerId?: string;
}

const REFRESH_MS = 1_000;
const TIMEOUT_MS = 5_000;
/** What moves slowly is asked for so often only. */
const SLOW_EVERY = 3;
/** A screen holds no more, and a refresh stays small however long the queue is. */
const LIMITS = { commander: 100, running: 100, pending: 50, recent: 15, queues: 200 };
/** Those that ended some other way need somebody, and are told with them. */
const RECENT = ['completed', 'failed', 'cancelled'] as const;

interface Page<T> {
  readonly items: readonly T[];
}

interface Slow {
  readonly tasks: readonly TaskSummary[];
  readonly queues: readonly QueueRecord[];
}

/** Asks the manager for what the board shows: ten requests at most at a time, each bounded, and no round before the last one has ended. */
export class BoardSource {
  #slow: Slow | undefined;
  #round = 0;
  #watched: string | null = null;
  #isNudged = false;
  #wake: () => void = () => undefined;

  constructor(private readonly query: BoardQuery) {}

  /** @throws ApiError, TransportError. */
  async ask(signal?: AbortSignal): Promise<BoardData> {
    const { queue } = this.query;
    const of = { queue: queue ?? undefined };
    const isSlow = this.#slow === undefined || this.#round % SLOW_EVERY === 0;
    const [commander, stats, running, slow] = await Promise.all([
      this.#get<QueueCommander>('/api/v1/queue/commander', { ...of, limit: LIMITS.commander }, signal),
      this.#get<QueueStats>('/api/v1/queue/stats', of, signal),
      this.#tasks({ ...of, state: 'running', limit: LIMITS.running }, signal),
      isSlow ? this.#askSlow(of, signal) : undefined,
    ]);
    this.#round += 1;
    this.#slow = slow ?? this.#slow;
    const { tasks = [], queues = [] } = this.#slow ?? {};
    const known = [...commander.items, ...running, ...tasks];
    const all = newestOfEach([...known, ...(await this.#oldest(stats, known, signal))]);
    return { atMs: Date.now(), stats, totals: commander, tasks: all, queues: withSettings(queues, stats) };
  }

  /** Tells what there is each second until the signal, which ends it silently. */
  async follow(signal: AbortSignal, tell: (input: BoardInput) => void): Promise<void> {
    while (!signal.aborted) {
      if (!this.#isNudged) await Promise.race([pause(REFRESH_MS, signal), this.#nudged()]).catch(() => undefined);
      if (signal.aborted) return;
      this.#isNudged = false;
      try {
        const [data, task] = await Promise.all([this.ask(signal), this.#detail(signal)]);
        tell({ type: 'data', data });
        if (task !== null) tell({ type: 'detail', task });
      } catch (error) {
        if (!signal.aborted) tell({ type: 'lost', message: problemOf(error) });
      }
    }
  }

  /** Looks at once: something was done. */
  refresh(): void {
    this.#round = 0;
    this.#nudge();
  }

  /** Whose details are told too. */
  watch(taskId: string | null): void {
    this.#watched = taskId;
    if (taskId !== null) this.#nudge();
  }

  /** Also while a round is under way: what it asks for may be older. */
  #nudge(): void {
    this.#isNudged = true;
    this.#wake();
  }

  #nudged(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  async #detail(signal: AbortSignal): Promise<TaskDetail | null> {
    return this.#watched === null ? null : this.#task(this.#watched, signal);
  }

  /** That one task cannot be had is no reason to know nothing of the others. */
  async #task(id: string, signal?: AbortSignal): Promise<TaskDetail | null> {
    return this.#get<TaskDetail>(taskPath(id), {}, signal).catch((error: unknown) => {
      if (error instanceof ApiError) return null;
      throw error;
    });
  }

  async #askSlow(of: { queue?: string }, signal?: AbortSignal): Promise<Slow> {
    const ofState = (state: string, limit: number) => this.#tasks({ ...of, state, limit }, signal);
    const [queues, ...tasks] = await Promise.all([
      this.#get<Page<QueueRecord>>(QUEUES_PATH, { limit: LIMITS.queues }, signal),
      ofState('pending', LIMITS.pending),
      ...RECENT.map((state) => ofState(state, LIMITS.recent)),
    ]);
    return { tasks: tasks.flat(), queues: queues.items };
  }

  /** Lists begin with the newest: of a queue longer than they are the one that waits longest is asked for by its id. */
  async #oldest(
    { oldestPendingTaskId: id }: QueueStats,
    known: readonly TaskSummary[],
    signal?: AbortSignal,
  ): Promise<readonly TaskSummary[]> {
    if (id === null || known.some((task) => task.id === id)) return [];
    const oldest = await this.#task(id, signal);
    return oldest === null ? [] : [oldest];
  }

  async #tasks(query: Record<string, string | number | undefined>, signal?: AbortSignal) {
    return (await this.#get<Page<TaskSummary>>(TASKS_PATH, query, signal)).items;
  }

  #get<T>(path: string, query: Record<string, string | number | undefined>, signal?: AbortSignal): Promise<T> {
    const { client, readerId } = this.query;
    const isQueues = path === QUEUES_PATH || path.endsWith('/stats');
    return client.get<T>(path, { query: isQueues ? query : { ...query, readerId }, timeoutMs: TIMEOUT_MS, signal });
  }
}

/** Of what two answers tell of one task the later word, so that none is shown twice or as it was. */
function newestOfEach(tasks: readonly TaskSummary[]): TaskSummary[] {
  const byId = new Map<string, TaskSummary>();
  for (const task of tasks) {
    const known = byId.get(task.id);
    if (known === undefined || Date.parse(known.updatedAt) < Date.parse(task.updatedAt)) byId.set(task.id, task);
  }
  return [...byId.values()];
}

/** The queue that is shown as it is now, also one that nobody has set up or used yet. */
function withSettings(queues: readonly QueueRecord[], { settings }: QueueStats): readonly QueueRecord[] {
  return settings === null ? queues : [settings, ...queues.filter(({ name }) => name !== settings.name)];
}

/** What is wrong, without the request that found it: others would have found the same. */
function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof TransportError) || error.status !== null) return message;
  return `no manager: ${message.replace(/^[A-Z]+ \S+: /, '')}`;
}
