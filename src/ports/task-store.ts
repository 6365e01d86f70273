import type { QueueRecord, QueueStats, QueueUpdate } from '../contract/queue.js';
import type { RunCreate } from '../contract/run.js';
import type { RunnerJobCreate } from '../contract/runner.js';
import type { TaskAttempt, TaskBudget, TaskRecord, TaskRetryPolicy } from '../contract/task.js';
import type { ProjectionResult } from '../domain/run-snapshot.js';
import type { TaskState } from '../domain/task-lifecycle.js';
import type { SlotRecords } from '../domain/task-messages.js';
import type { TaskSnapshot } from '../domain/task-snapshot.js';
import type { Reservation } from './reservation.js';
import type { Drafted, TenantScope } from './run-store.js';

/** What the runs of a task are made from. */
export interface TaskWork {
  readonly run: Omit<RunCreate, 'idempotencyKey' | 'endsWithTurn'>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly runnerJob: Omit<RunnerJobCreate, 'commandId'>;
}

/** What its creator chose of a task. */
export interface TaskDraft extends TaskWork {
  readonly id: string;
  readonly queue: string;
  readonly title: string | null;
  readonly tenantId: string;
  readonly projectId: string;
  readonly backendProfile: string;
  readonly priority: number;
  readonly autoDispatch: boolean;
  readonly notBefore: string | null;
  readonly retryPolicy: TaskRetryPolicy;
  readonly budget: Required<TaskBudget>;
  readonly aipod: { readonly name: string; readonly version: number } | null;
  readonly traceId: string;
}

/** A task as its row tells it, and the numbers that its workflow goes on from. */
export interface TaskRow {
  readonly record: TaskRecord;
  readonly work: TaskWork;
  readonly version: number;
  readonly attempt: number;
  readonly wallTimeMs: number;
}

export interface TaskFilter {
  readonly tenants: TenantScope;
  readonly queue?: string;
  readonly state?: TaskState;
  /** Only those changed later than this, in milliseconds since the epoch. */
  readonly updatedAfterMs: number;
  readonly readerId?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export interface QueueFilter {
  /** Queues that nobody set up are found by the tasks of these. */
  readonly tenants: TenantScope;
  readonly limit: number;
  readonly cursor?: string;
}

/** What someone minding a queue must see, and how much of it there is. */
export interface TasksToMind {
  /** The most pressing first. */
  readonly items: TaskRecord[];
  readonly count: number;
  readonly activeSessionCount: number;
  readonly unreadCount: number;
  readonly attentionCount: number;
}

/**
 * Read models of tasks, and the settings of queues. A draft is invisible to every read until its workflow has projected it once. All
 * methods throw `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface TaskStore {
  /** What an earlier request with this key made. @throws idempotency-conflict when that had another body. */
  findReserved(reservation: Reservation): Promise<Drafted | undefined>;
  /** @throws rate-limited when the queue has no room for one more; idempotency-conflict. */
  draft(draft: TaskDraft, reservation?: Reservation): Promise<Drafted>;
  /**
   * An ended task takes a place among the queue's pending ones, for the two minutes in which it should begin again. Repeating is harmless.
   * @throws rate-limited when the queue has no room for it.
   */
  admitAgain(taskId: string): Promise<void>;
  /** Also while it is a draft. */
  getDrafted(taskId: string): Promise<TaskRow | undefined>;

  get(taskId: string, tenants: TenantScope, readerId?: string): Promise<TaskRow | undefined>;
  /** Newest first. A cursor that this list did not make is `schema-invalid`. */
  list(filter: TaskFilter): Promise<{ items: TaskRecord[]; nextCursor?: string }>;
  /** Oldest first. */
  listAttempts(taskId: string): Promise<TaskAttempt[]>;
  listToMind(query: { tenants: TenantScope; queue?: string; readerId: string; limit: number }): Promise<TasksToMind>;
  /** The reader has seen all that there is now. */
  markRead(taskId: string, readerId: string): Promise<void>;
  stats(query: { tenants: TenantScope; queue?: string }): Promise<Omit<QueueStats, 'settings'>>;

  /** Writes a workflow's state; a snapshot that is not newer changes nothing. */
  project(snapshot: TaskSnapshot): Promise<ProjectionResult>;
  /**
   * Ends a task whose workflow is gone for good, as `failed`/`infra-failed` with this message, if its version is still this one. Does
   * nothing to a draft or one that has ended.
   */
  closeOrphan(taskId: string, version: number, message: string): Promise<void>;

  /** With the defaults where nobody has set it up. */
  queue(name: string): Promise<QueueRecord>;
  updateQueue(name: string, update: QueueUpdate): Promise<QueueRecord>;
  /** Those that were set up, and those that have tasks; by name. */
  listQueues(filter: QueueFilter): Promise<{ items: QueueRecord[]; nextCursor?: string }>;
  /**
   * Who waits for a slot of the queue and who has one, by the rows; of those that wait the first `limit` (`QUEUE_LIMITS.carried`) in order. A
   * task that waits has projected the attempt before the one that it wants the slot for (0 before the first); from `starting` on, the one
   * that has it.
   */
  slots(queue: string, limit?: number): Promise<SlotRecords>;
  /** All tasks that wait for a slot or have one; those that have one first: it is missed by others. */
  listInQueue(queue: string): Promise<string[]>;
  /** Queues in which tasks wait for a slot or have one. */
  listQueuesAtWork(limit: number): Promise<string[]>;
  /** Tasks that should have gone on by themselves longer ago than this: their time came, or the end of their backoff. */
  listOverdue(lateMs: number, limit: number): Promise<string[]>;
}
