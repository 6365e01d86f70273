import type { EventRecord } from '../contract/event.js';
import type { TaskAttempt, TaskDetail } from '../contract/task.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { HttpClient } from './http-client.js';
import { Outage, pause, type OutageOptions } from './outage.js';
import { tailEvents } from './tail-events.js';

export interface FollowTaskOptions extends OutageOptions {
  /** Ends the following, which then throws the signal's reason. The task goes on. */
  readonly signal?: AbortSignal;
  /** How often a task that waits is looked at; 1,000. */
  readonly pollMs?: number;
  /** Attempts up to this one are known: only those after it are told. */
  readonly afterAttempt?: number;
}

/** The task as it has become, or what happens in its attempt. */
export type TaskNews = { readonly task: TaskDetail } | { readonly event: EventRecord };

const POLL_MS = 1_000;
/** What follows the end of an attempt is decided at once, and written soon after. */
const SETTLING_MS = 200;
const SETTLING_LOOKS = 10;

/**
 * A task from now to its end, which is the return value: as it changes, and the events of its newest attempt and of those that follow,
 * each from its command's first on. A broken connection is made anew and says nothing of the task.
 * @throws ApiError for a refusal; TransportError when the server stays away.
 */
export async function* followTask(
  client: HttpClient,
  taskId: string,
  options: FollowTaskOptions = {},
): AsyncGenerator<TaskNews, TaskDetail, void> {
  const outage = new Outage(options);
  const follower = new TaskFollower(client, taskId, options);
  for (;;) {
    try {
      const task = await follower.look();
      outage.connected();
      outage.heard();
      if (follower.isNews(task)) yield { task };
      yield* follower.attempts(task);
      if (isTerminalStatus(task.state)) return task;
      await follower.wait();
    } catch (error) {
      options.signal?.throwIfAborted();
      await pause(outage.retryIn(error), options.signal);
    }
  }
}

class TaskFollower {
  #last: TaskDetail | undefined;
  /** The attempt that was looked at last, and how far its events are told; null: to their end. */
  #attempt: { readonly number: number; readonly seq: number | null } | undefined;
  #soonLooks = 0;

  constructor(
    private readonly client: HttpClient,
    private readonly taskId: string,
    private readonly options: FollowTaskOptions,
  ) {
    if (options.afterAttempt !== undefined) this.#attempt = { number: options.afterAttempt, seq: null };
  }

  look(): Promise<TaskDetail> {
    return this.client.get<TaskDetail>(`/api/v1/queue/tasks/${this.taskId}`, { signal: this.options.signal });
  }

  isNews(task: TaskDetail): boolean {
    const isNews = this.#last === undefined || mark(this.#last) !== mark(task);
    this.#last = task;
    return isNews;
  }

  /** Of those that were over before anybody looked, the newest only. */
  async *attempts(task: TaskDetail): AsyncGenerator<TaskNews, void, void> {
    for (const attempt of task.attempts.filter(({ attempt: number }) => this.#isToTell(task, number))) {
      const { runId, commandId } = attempt;
      // One that could not be started has no events; one that is being started has none yet.
      if (runId === null || commandId === null) continue;
      yield* this.#events(attempt, { runId, commandId });
      this.#soonLooks = SETTLING_LOOKS;
    }
  }

  wait(): Promise<void> {
    const { pollMs = POLL_MS, signal } = this.options;
    const isSettling = this.#soonLooks > 0;
    this.#soonLooks -= 1;
    return pause(isSettling ? SETTLING_MS : pollMs, signal);
  }

  #isToTell({ latestAttempt }: TaskDetail, number: number): boolean {
    if (this.#attempt === undefined) return number === latestAttempt?.attempt;
    return number > this.#attempt.number || (number === this.#attempt.number && this.#attempt.seq !== null);
  }

  async *#events(
    { attempt: number, startedRun }: TaskAttempt,
    { runId, commandId }: { runId: string; commandId: string },
  ): AsyncGenerator<TaskNews, void, void> {
    let seq = this.#attempt?.number === number ? (this.#attempt.seq ?? 0) : 0;
    // In a run that lived before, what went before is not this task's.
    let isOurs = startedRun || seq > 0;
    const { signal, onLost, onBack } = this.options;
    for await (const event of tailEvents(this.client, runId, { afterSeq: seq, signal, onLost, onBack })) {
      isOurs ||= event.payload.commandId === commandId;
      if (isOurs) {
        seq = event.seq;
        this.#attempt = { number, seq };
        yield { event };
      }
      if (event.payload.phase === 'command-terminal' && event.payload.commandId === commandId) break;
    }
    this.#attempt = { number, seq: null };
  }
}

/** Two of the same are told once. */
function mark({ updatedAt, state, phase, latestAttempt: attempt, cancelRequestedAt }: TaskDetail): string {
  return JSON.stringify([updatedAt, state, phase, attempt?.attempt, attempt?.runId, attempt?.state, cancelRequestedAt]);
}
