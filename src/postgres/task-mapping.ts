import type { TaskAttempt, TaskRecord } from '../contract/task.js';
import type { CommandState } from '../domain/command-lifecycle.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { TaskState } from '../domain/task-lifecycle.js';
import type { TaskRow, TaskWork } from '../ports/task-store.js';
import { isoOrNull } from './run-mapping.js';
import { SUM_OF_TOKENS } from './usage.js';

/** Of `task_attempts a` and its command `c`. A command tells its end before the task's workflow has heard of it. */
export const ATTEMPT_COLUMNS = `a.attempt AS attempt_number, a.run_id, a.command_id, a.session_id, a.runner_job_id,
  a.started_run, coalesce(c.state, a.state) AS attempt_state,
  coalesce(a.failure_kind, c.failure_kind) AS attempt_failure_kind,
  coalesce(a.failure_message, c.failure_message) AS attempt_failure_message,
  a.started_at, coalesce(a.finished_at, c.finished_at) AS attempt_finished_at, a.finished_at AS counted_at`;

/** The command is not there before its run is opened. */
export const ATTEMPT_COMMAND = `LEFT JOIN commands c ON c.id = a.command_id AND c.seq IS NOT NULL`;

export interface AttemptRow {
  readonly attempt_number: number;
  readonly run_id: string | null;
  readonly command_id: string | null;
  readonly session_id: string | null;
  readonly runner_job_id: string | null;
  readonly started_run: boolean;
  readonly attempt_state: CommandState | TaskState;
  readonly attempt_failure_kind: FailureKind | null;
  readonly attempt_failure_message: string | null;
  readonly started_at: Date;
  readonly attempt_finished_at: Date | null;
  /** Since then its time is part of the task's. */
  readonly counted_at: Date | null;
}

/** Of `tasks t` with its newest attempt, the marks of one reader (`m`) and nothing of what it is told to do. */
export const TASK_COLUMNS = `t.id, t.queue, t.title, t.tenant_id, t.project_id, t.backend_profile, t.session_ref,
  t.metadata, t.priority, t.auto_dispatch, t.not_before, t.retry_policy, t.max_tokens,
  t.max_wall_time_ms, t.aipod, t.trace_id, t.created_at, t.version, t.state, t.phase, t.attempt, t.failure_kind,
  t.failure_message, t.dispatched_at, t.waiting_until, t.cancel_requested_at, t.cancel_reason, t.wall_time_ms,
  t.finished_at, t.updated_at, t.news > coalesce(m.seen, 0) AS unread,
  (SELECT ${SUM_OF_TOKENS} FROM task_attempts ua JOIN command_usage u ON u.command_id = ua.command_id
    WHERE ua.task_id = t.id) AS total_tokens, ${ATTEMPT_COLUMNS}`;

export interface TaskColumns extends Nullable<AttemptRow> {
  readonly id: string;
  readonly queue: string;
  readonly title: string | null;
  readonly tenant_id: string;
  readonly project_id: string;
  readonly backend_profile: string;
  readonly session_ref: TaskRecord['sessionRef'];
  readonly metadata: TaskRecord['metadata'];
  readonly priority: number;
  readonly auto_dispatch: boolean;
  readonly not_before: Date | null;
  readonly retry_policy: TaskRecord['retryPolicy'];
  readonly max_tokens: number | null;
  readonly max_wall_time_ms: number | null;
  readonly aipod: TaskRecord['aipod'];
  readonly trace_id: string;
  readonly created_at: Date;
  readonly version: number;
  readonly state: TaskRecord['state'];
  readonly phase: TaskRecord['phase'];
  readonly attempt: number;
  readonly failure_kind: FailureKind | null;
  readonly failure_message: string | null;
  readonly dispatched_at: Date | null;
  readonly waiting_until: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly cancel_reason: string | null;
  readonly wall_time_ms: number;
  readonly finished_at: Date | null;
  readonly updated_at: Date;
  readonly unread: boolean;
  readonly total_tokens: number;
}

export interface WholeTask extends TaskColumns {
  readonly run: TaskWork['run'];
  readonly payload: TaskWork['payload'];
  readonly runner_job: TaskWork['runnerJob'];
}

export function toTaskRow(row: WholeTask): TaskRow {
  return {
    record: toTaskRecord(row),
    work: {
      run: { ...row.run, sessionRef: row.session_ref, metadata: row.metadata },
      payload: row.payload,
      runnerJob: row.runner_job,
    },
    version: row.version,
    attempt: row.attempt,
    wallTimeMs: row.wall_time_ms,
  };
}

export function toTaskRecord(row: TaskColumns): TaskRecord {
  const attempt = hasAttempt(row) ? row : null;
  return {
    id: row.id,
    queue: row.queue,
    title: row.title,
    tenantId: row.tenant_id,
    projectId: row.project_id,
    backendProfile: row.backend_profile,
    state: row.state,
    phase: row.phase,
    priority: row.priority,
    autoDispatch: row.auto_dispatch,
    dispatchedAt: isoOrNull(row.dispatched_at),
    notBefore: isoOrNull(row.not_before),
    waitingUntil: isoOrNull(waitingUntil(row)),
    retryPolicy: row.retry_policy,
    budget: { maxTokens: row.max_tokens, maxWallTimeMs: row.max_wall_time_ms },
    usage: { totalTokens: row.total_tokens, wallTimeMs: row.wall_time_ms + uncountedMs(attempt) },
    sessionRef: row.session_ref,
    aipod: row.aipod,
    latestAttempt: attempt && toTaskAttempt(attempt),
    failureKind: row.failure_kind,
    failureMessage: row.failure_message,
    cancelRequestedAt: isoOrNull(row.cancel_requested_at),
    cancelReason: row.cancel_reason,
    metadata: row.metadata,
    unread: row.unread,
    traceId: row.trace_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    finishedAt: isoOrNull(row.finished_at),
    valuesPrinted: false,
  };
}

export function toTaskAttempt(row: AttemptRow): TaskAttempt {
  return {
    attempt: row.attempt_number,
    runId: row.run_id,
    commandId: row.command_id,
    sessionId: row.session_id,
    runnerJobId: row.runner_job_id,
    state: commandState(row.attempt_state),
    startedRun: row.started_run,
    failureKind: row.attempt_failure_kind,
    failureMessage: row.attempt_failure_message,
    startedAt: row.started_at.toISOString(),
    finishedAt: isoOrNull(row.attempt_finished_at),
    valuesPrinted: false,
  };
}

/** A snapshot tells an attempt without a command in a task's words. */
function commandState(state: AttemptRow['attempt_state']): CommandState {
  if (state === 'acknowledged' || isTerminalStatus(state)) return state;
  return 'pending';
}

function waitingUntil({ phase, waiting_until: until }: TaskColumns): Date | null {
  return phase === 'waiting-until' || phase === 'waiting-to-retry' ? until : null;
}

/** A task's workflow counts the time of an attempt when that has ended. */
function uncountedMs(attempt: AttemptRow | null): number {
  if (attempt === null || attempt.counted_at !== null) return 0;
  const end = attempt.attempt_finished_at?.getTime() ?? Date.now();
  return Math.max(0, end - attempt.started_at.getTime());
}

function hasAttempt(row: TaskColumns): row is TaskColumns & AttemptRow {
  return row.attempt_number !== null;
}

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };
