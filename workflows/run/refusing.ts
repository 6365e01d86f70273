import { ApplicationFailure } from '@temporalio/workflow';
import { RunRefused } from '../../src/domain/refusals.js';
import type { LiveRun } from './live-run.js';

const MAX_OPEN_COMMANDS = 1_000;

/** @throws RunRefused where as many commands wait as may. */
export function assertRoom({ run, input }: LiveRun): void {
  if (run.openCommands.length < MAX_OPEN_COMMANDS) return;
  throw new RunRefused('too-many-open-commands', { limit: MAX_OPEN_COMMANDS, runId: input.runId });
}

/** A refusal must be an ApplicationFailure: any other error in a handler would fail the whole workflow task. */
export function asFailure(error: unknown): unknown {
  return error instanceof RunRefused ? ApplicationFailure.nonRetryable(error.message, error.type, error.facts) : error;
}

export function orRefuse(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw asFailure(error);
  }
}
