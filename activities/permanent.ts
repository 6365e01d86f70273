import { ApplicationFailure } from '@temporalio/activity';
import { AgentRunError } from '../src/domain/errors.js';

/**
 * What the platform or the records refuse they refuse again, so it is not tried again: its words and facts reach the workflow, with
 * the failure kind as their type. What was unreachable may come back.
 */
export function asPermanent(error: unknown): unknown {
  const permanent = error instanceof AgentRunError && error.refusal !== 'unavailable';
  return permanent ? ApplicationFailure.nonRetryable(error.message, error.failureKind, error.details) : error;
}
