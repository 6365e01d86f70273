import type { TaskAttempt, TaskRecord } from '../../src/contract/task.js';

const AT = '2026-01-01T00:00:00.000Z';

/** A task as it is told, with plain values where a test says nothing. */
export function taskRecord(given: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: 'task_0123456789',
    queue: 'default',
    title: null,
    tenantId: 'acme',
    projectId: 'shop',
    backendProfile: 'codex',
    state: 'pending',
    phase: 'waiting-for-dispatch',
    priority: 500,
    autoDispatch: false,
    dispatchedAt: null,
    notBefore: null,
    waitingUntil: null,
    retryPolicy: { maxAttempts: 3, backoffMs: 10_000, maxBackoffMs: 600_000 },
    budget: { maxTokens: null, maxWallTimeMs: null },
    usage: { totalTokens: 0, wallTimeMs: 0 },
    sessionRef: null,
    aipod: null,
    latestAttempt: null,
    failureKind: null,
    failureMessage: null,
    cancelRequestedAt: null,
    cancelReason: null,
    metadata: {},
    unread: false,
    traceId: 'trc_0123456789',
    createdAt: AT,
    updatedAt: AT,
    finishedAt: null,
    valuesPrinted: false,
    ...given,
  };
}

/** One that works. */
export function taskAttempt(given: Partial<TaskAttempt> = {}): TaskAttempt {
  return {
    attempt: 1,
    runId: 'run_0123456789',
    commandId: 'cmd_0123456789',
    sessionId: null,
    runnerJobId: null,
    state: 'acknowledged',
    startedRun: true,
    failureKind: null,
    failureMessage: null,
    startedAt: AT,
    finishedAt: null,
    valuesPrinted: false,
    ...given,
  };
}
