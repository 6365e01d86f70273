import { newId } from '../../src/domain/new-id.js';
import type { CommandSnapshot, RunSnapshot } from '../../src/domain/run-snapshot.js';
import type { CommandDraft, RunDraft } from '../../src/ports/run-store.js';
import type { Postgres } from '../../src/postgres/index.js';

/** Runs as a caller drafts them and as a workflow projects them, with plain values where a test says nothing. */

export function runDraft(given: Partial<RunDraft> = {}): RunDraft {
  const id = given.id ?? newId('run');
  return {
    id,
    tenantId: 'tenant-a',
    projectId: 'project',
    providerId: null,
    backendProfile: 'exec',
    sessionRef: null,
    workspaceRef: { kind: 'none' },
    executionPolicy: {
      sandbox: 'workspace-write',
      approval: 'never',
      network: true,
      timeoutMs: 60_000,
      idleTimeoutMs: 60_000,
    },
    retryPolicy: { maxAttempts: 3, backoffMs: 100, maxBackoffMs: 1_000 },
    metadata: {},
    workflowId: `run:${id}`,
    traceId: newId('trc'),
    ...given,
  };
}

export function runSnapshot(runId: string, given: Partial<RunSnapshot> = {}): RunSnapshot {
  return {
    runId,
    executionId: 'execution-1',
    version: 1,
    attempt: 1,
    status: 'pending',
    terminalStatus: null,
    failureKind: null,
    failureMessage: null,
    claimedBy: null,
    grant: null,
    threadId: null,
    cancelRequestedAtMs: null,
    cancelReason: null,
    lastCommandSeq: 0,
    activeTurn: null,
    cancelCommandIds: [],
    commands: [],
    events: [],
    atMs: Date.now(),
    ...given,
  };
}

export function commandDraft(runId: string, given: Partial<CommandDraft> = {}): CommandDraft {
  return { id: newId('cmd'), runId, type: 'turn', payload: { prompt: 'hello' }, ...given };
}

export function commandSnapshot(id: string, given: Partial<CommandSnapshot> = {}): CommandSnapshot {
  return {
    id,
    seq: 1,
    type: 'turn',
    state: 'pending',
    attempt: null,
    failureKind: null,
    failureMessage: null,
    threadId: null,
    turnId: null,
    supersededBy: null,
    payloadOf: null,
    cancelRequestedAtMs: null,
    acknowledgedAtMs: null,
    finishedAtMs: null,
    ...given,
  };
}

/** A run that its workflow has opened; answers its id. */
export async function openRun(postgres: Postgres, given: Partial<RunDraft> = {}): Promise<string> {
  const { id } = await postgres.runs.draftRun(runDraft(given));
  await postgres.runs.projectRun(runSnapshot(id));
  return id;
}
