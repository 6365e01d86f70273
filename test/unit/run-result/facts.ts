import type { CommandRecord } from '../../../src/contract/command.js';
import type { EventRecord } from '../../../src/contract/event.js';
import type { RunRecord } from '../../../src/contract/run.js';
import type { RunnerJobRecord } from '../../../src/contract/runner.js';
import type { EventType } from '../../../src/domain/event-types.js';
import type { RunFacts } from '../../../src/run-result/run-facts.js';

/** The moment that every test looks from; the run was made a minute before. */
export const NOW_MS = Date.parse('2026-01-01T00:01:00.000Z');

/** A time some milliseconds before now. */
export function ago(ms: number): string {
  return new Date(NOW_MS - ms).toISOString();
}

const RUN_ID = 'run_0123456789';

export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: RUN_ID,
    status: 'pending',
    terminalStatus: null,
    failureKind: null,
    failureMessage: null,
    tenantId: 'acme',
    projectId: 'site',
    providerId: null,
    backendProfile: 'exec',
    sessionRef: null,
    workspaceRef: { kind: 'none' },
    executionPolicy: {
      sandbox: 'workspace-write',
      approval: 'never',
      network: true,
      timeoutMs: 60_000,
      idleTimeoutMs: 30_000,
    },
    retryPolicy: { maxAttempts: 3, backoffMs: 100, maxBackoffMs: 1_000 },
    metadata: {},
    claimedBy: null,
    leaseExpiresAt: null,
    attempt: 1,
    threadId: null,
    cancelRequestedAt: null,
    cancelReason: null,
    lastCommandSeq: 0,
    workflowId: `run:${RUN_ID}`,
    traceId: 'trc_0123456789',
    createdAt: ago(60_000),
    updatedAt: ago(60_000),
    finishedAt: null,
    valuesPrinted: false,
    ...changes,
  };
}

/** A run that a runner holds, its lease alive. */
export function heldRun(changes: Partial<RunRecord> = {}): RunRecord {
  return runRecord({ status: 'running', claimedBy: 'rnr_1', leaseExpiresAt: ago(-30_000), ...changes });
}

export function endedRun(changes: Partial<RunRecord>): RunRecord {
  return runRecord({ status: changes.terminalStatus ?? 'completed', finishedAt: ago(1_000), ...changes });
}

export function commandRecord(seq: number, changes: Partial<CommandRecord> = {}): CommandRecord {
  return {
    id: `cmd_00000000${seq}`,
    runId: RUN_ID,
    seq,
    type: 'turn',
    state: 'pending',
    payload: { prompt: 'ls' },
    terminalStatus: null,
    failureKind: null,
    failureMessage: null,
    threadId: null,
    turnId: null,
    attempt: null,
    supersededBy: null,
    cancelRequestedAt: null,
    createdAt: ago(50_000),
    updatedAt: ago(50_000),
    acknowledgedAt: null,
    finishedAt: null,
    ...changes,
  };
}

/** A turn that the runner of the first attempt works on, for 40 s. */
export function liveTurnRecord(seq = 1, changes: Partial<CommandRecord> = {}): CommandRecord {
  return commandRecord(seq, { state: 'acknowledged', attempt: 1, acknowledgedAt: ago(40_000), ...changes });
}

export function endedCommand(seq: number, changes: Partial<CommandRecord> = {}): CommandRecord {
  const terminalStatus = changes.terminalStatus ?? 'completed';
  const times = { acknowledgedAt: ago(40_000), finishedAt: ago(10_000) };
  return commandRecord(seq, { state: terminalStatus, terminalStatus, attempt: 1, ...times, ...changes });
}

export function eventRecord(
  seq: number,
  type: EventType,
  payload: Record<string, unknown> = {},
  ageMs = 5_000,
): EventRecord {
  return { id: `evt_${seq}`, runId: RUN_ID, seq, type, payload, createdAt: ago(ageMs) };
}

export function jobRecord(changes: Partial<RunnerJobRecord> = {}): RunnerJobRecord {
  return {
    id: 'rjob_0123456789a1',
    runId: RUN_ID,
    commandId: null,
    attempt: 1,
    attemptId: 'attempt-1',
    runnerId: 'rnr_1',
    jobName: 'runner-1',
    namespace: 'local',
    start: null,
    status: 'starting',
    reason: null,
    exitCode: null,
    message: null,
    createdAt: ago(20_000),
    updatedAt: ago(20_000),
    finishedAt: null,
    valuesPrinted: false,
    ...changes,
  };
}

/** Facts of a run; what is read from its events follows from them. */
export function factsOf(run: RunRecord, changes: Partial<RunFacts> = {}): RunFacts {
  const last = changes.events?.at(-1);
  return {
    run,
    commands: [],
    command: null,
    events: [],
    commandEvents: null,
    earlier: {},
    lastSeq: last?.seq ?? 0,
    lastEventAtMs: last === undefined ? null : Date.parse(last.createdAt),
    leaseExpiresAtMs: null,
    runnerJob: null,
    nowMs: NOW_MS,
    ...changes,
  };
}
