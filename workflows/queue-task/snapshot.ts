import type { TaskInput } from '../../src/domain/task-messages.js';
import type { TaskSnapshot } from '../../src/domain/task-snapshot.js';
import { phaseOf, stateOf, type TaskData } from './task-data.js';

/** The task as the read model shall show it, with all that was not written yet. */
export function taskSnapshot({ taskId, after }: TaskInput, data: TaskData, executionId: string): TaskSnapshot {
  return {
    taskId,
    executionId,
    afterVersion: after?.version ?? null,
    version: data.version,
    state: stateOf(data),
    phase: phaseOf(data),
    attempt: data.attempt,
    failureKind: data.outcome?.failureKind ?? null,
    failureMessage: data.outcome?.message ?? null,
    dispatchedAtMs: data.dispatchedAtMs,
    waitingUntilMs: data.dispatchedAtMs === null ? null : (data.wait?.untilMs ?? null),
    slotWantedAtMs: data.slot.state === 'wanted' ? data.slot.wantedAtMs : null,
    cancelRequestedAtMs: data.cancel?.atMs ?? null,
    cancelReason: data.cancel?.reason ?? null,
    wallTimeMs: data.wallTimeMs,
    attempts: [...data.unwritten],
    atMs: Date.now(),
  };
}
