import type { RunInput, RunPolicy } from '../../../src/domain/run-messages.js';
import { newRunData } from '../../../workflows/run/run-data.js';
import { RunState } from '../../../workflows/run/run-state.js';

export const POLICY: RunPolicy = {
  maxAttempts: 3,
  backoffMs: 1_000,
  maxBackoffMs: 8_000,
  turnTimeoutMs: 60_000,
  idleTimeoutMs: 20_000,
  limitGraceMs: 5_000,
  startDeadlineMs: 30_000,
  unclaimedTtlMs: 86_400_000,
  cancelGraceMs: 10_000,
  runnerIdleTimeoutMs: 600_000,
  leaseBackstopMs: 3_600_000,
  jobStopGraceMs: 1_000,
};

export function runInput(overrides: Partial<RunInput> = {}): RunInput {
  return {
    runId: 'run_00000000000000000001',
    tenantId: 'acme',
    projectId: 'shop',
    sessionId: null,
    backendProfile: 'exec',
    policy: POLICY,
    endsWithTurn: false,
    ...overrides,
  };
}

export function newState(overrides: Partial<RunInput> = {}, nowMs = Date.now()): RunState {
  const input = runInput(overrides);
  return new RunState(input, newRunData(input, nowMs));
}
