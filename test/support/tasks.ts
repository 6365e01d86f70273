import { newId } from '../../src/domain/new-id.js';
import type { TaskAttemptSnapshot, TaskSnapshot } from '../../src/domain/task-snapshot.js';
import type { TaskDraft } from '../../src/ports/task-store.js';
import type { Postgres } from '../../src/postgres/index.js';

/** Tasks as a caller drafts them and as a workflow projects them, with plain values where a test says nothing. */

export function taskDraft(given: Partial<TaskDraft> = {}): TaskDraft {
  const tenantId = given.tenantId ?? 'tenant-a';
  return {
    id: newId('task'),
    queue: 'default',
    title: null,
    tenantId,
    projectId: 'project',
    backendProfile: 'exec',
    run: { tenantId, projectId: 'project', backendProfile: 'exec', sessionRef: null, metadata: {} },
    payload: { prompt: 'hello' },
    runnerJob: {},
    priority: 500,
    autoDispatch: false,
    notBefore: null,
    retryPolicy: { maxAttempts: 3, backoffMs: 100, maxBackoffMs: 1_000 },
    budget: { maxTokens: null, maxWallTimeMs: null },
    aipod: null,
    traceId: newId('trc'),
    ...given,
  };
}

export function taskSnapshot(taskId: string, given: Partial<TaskSnapshot> = {}): TaskSnapshot {
  return {
    taskId,
    executionId: 'execution-1',
    afterVersion: null,
    version: 1,
    state: 'pending',
    phase: 'waiting-for-dispatch',
    attempt: 0,
    failureKind: null,
    failureMessage: null,
    dispatchedAtMs: null,
    waitingUntilMs: null,
    slotWantedAtMs: null,
    cancelRequestedAtMs: null,
    cancelReason: null,
    wallTimeMs: 0,
    attempts: [],
    atMs: Date.now(),
    ...given,
  };
}

export function attemptSnapshot(given: Partial<TaskAttemptSnapshot> = {}): TaskAttemptSnapshot {
  return {
    attempt: 1,
    runId: null,
    commandId: null,
    sessionId: null,
    runnerJobId: null,
    startedRun: true,
    state: 'running',
    failureKind: null,
    failureMessage: null,
    startedAtMs: Date.now(),
    finishedAtMs: null,
    ...given,
  };
}

/** A task that its workflow has opened; answers its id. */
export async function openTask(
  postgres: Postgres,
  draft: Partial<TaskDraft> = {},
  snapshot: Partial<TaskSnapshot> = {},
): Promise<string> {
  const { id } = await postgres.tasks.draft(taskDraft(draft));
  await postgres.tasks.project(taskSnapshot(id, snapshot));
  return id;
}
