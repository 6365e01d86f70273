/** Identifiers of the system's things, and the names derived from them. One place, so that a name and its inverse never drift. */

export type IdPrefix = 'run' | 'cmd' | 'sess' | 'task' | 'rjob' | 'evt' | 'trc' | 'val' | 'rnr' | 'whk' | 'dlv' | 'wrm';

/** JSON Schema pattern of an id: the prefix, then a unique part that sorts by creation time. */
export function idPattern(prefix: IdPrefix): string {
  return `^${prefix}_[0-9a-z]{8,60}$`;
}

/** What a client may choose as a session's id. */
export const SESSION_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';

/** Task queue that every worker of this version polls. */
export const TASK_QUEUE = 'agentrun';

/** A session has one live run at most because its runs share one workflow id, which Temporal keeps unique. */
export function runWorkflowId(run: { runId: string; sessionId: string | null }): string {
  return run.sessionId === null ? `run:${run.runId}` : `session:${run.sessionId}`;
}

/** Null for a run outside sessions. */
export function sessionIdOfWorkflow(workflowId: string): string | null {
  const prefix = 'session:';
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : null;
}

/** A task's workflow; once it has ended, a further dispatch starts it again under the same id. */
export function taskWorkflowId(taskId: string): string {
  return `task:${taskId}`;
}

/** The one that gives a queue's slots out. */
export function queueWorkflowId(queue: string): string {
  return `queue:${queue}`;
}

/** What goes to one webhook about one end of a task. */
export function deliveryWorkflowId(deliveryId: string): string {
  return `webhook:${deliveryId}`;
}

/** What Temporal calls a schedule of tasks. */
export function temporalScheduleId(scheduleId: string): string {
  return `queue-schedule:${scheduleId}`;
}

/** One time of a schedule; Temporal appends which. */
export function scheduledTaskWorkflowId(scheduleId: string): string {
  return `schedule:${scheduleId}`;
}

/** One eviction of a session's storage at a time. */
export function evictionWorkflowId(sessionId: string): string {
  return `evict:${sessionId}`;
}

/** One cycle of the garbage collection at a time. */
export const STORAGE_GC_WORKFLOW_ID = 'session-storage-gc';

/** One cycle of the runners' retention at a time. */
export const RUNNER_RETENTION_WORKFLOW_ID = 'runner-retention';

function uniquePart(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}

/** The command that a run is opened with: one for a run, so that opening it again names the same. */
export function firstCommandId(runId: string): string {
  return `cmd_${uniquePart(runId)}`;
}

/** A validation is a run: its id follows from the run's, and back. */
export function validationId(runId: string): string {
  return `val_${uniquePart(runId)}`;
}

export function runIdOfValidation(id: string): string {
  return `run_${uniquePart(id)}`;
}

/** One runner Job per attempt: its id follows from both, so asking twice names the same Job. */
export function runnerJobId(runId: string, attempt: number): string {
  return `rjob_${uniquePart(runId)}a${attempt}`;
}

/** The runner that a Job starts. */
export function runnerIdOfJob(jobId: string): string {
  return `rnr_${uniquePart(jobId)}`;
}

/**
 * The longest that a prefix of Job names may be: with the longest name behind it, a warm runner's, it makes a DNS label of 63 characters,
 * Kubernetes' limit for Job names that become labels. No name is cut, for retention knows Jobs by the prefix.
 */
export const JOB_NAME_PREFIX_MAX_LENGTH = 25;

/** What the platform calls the Job. */
export function runnerJobName(prefix: string, jobId: string): string {
  return jobName(prefix, uniquePart(jobId).replaceAll('_', '-'));
}

/** The Job of a runner that waits for any run; it keeps the name when a run has it. */
export function warmRunnerJobName(prefix: string, warmRunnerId: string): string {
  return jobName(prefix, `warm-${uniquePart(warmRunnerId)}`);
}

function jobName(prefix: string, name: string): string {
  return `${prefix}-${name}`;
}

/** Default label of an attempt, where the caller gave none. */
export function attemptLabel(attempt: number): string {
  return `attempt-${attempt}`;
}

/** A steer that came too late becomes a turn; its id follows from the steer's and sorts right after it. */
export function handedOnCommandId(steerId: string): string {
  return `${steerId}t`;
}
