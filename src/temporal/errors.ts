import {
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { AgentRunError, unavailable } from '../domain/errors.js';
import { RUN_REFUSALS, RunRefused, type RunRefusalType } from '../domain/refusals.js';

/** Type of the failure of an accepted update whose workflow closed or continued before it was handled: the same update runs in the next one. */
const CLOSED_UNDER_UPDATE = 'AcceptedUpdateCompletedWorkflow';
/** Type of the refusal of a run that is ending, to whoever wants to start the next one. */
const CLOSING = 'run-closing';
/** And of a task that is ending, to whoever wants something of it: when it has ended, that can be answered. */
const TASK_CLOSING = 'task-closing';
/** Type of the failure of an update that the server dropped with the task it was handed out with; it left no trace. */
const DROPPED = 'UnprocessedUpdate';

/** Status of the refusal of an update whose workflow's last steps were all cut off, by workers that died or were too slow. */
const FAILED_PRECONDITION = 9;
const BEHIND = 'Temporal cannot go on with the workflow yet, its last steps were cut off; try again';

/** It has the message, and may yet do as it says: a repeat finds out. */
const SLOW = 'Temporal did not answer in time; try again';

/** True where the same call made again, soon, finds an answer. */
export function isPassing(error: unknown): boolean {
  const type = failureType(error);
  return type === CLOSED_UNDER_UPDATE || type === CLOSING || type === TASK_CLOSING || type === DROPPED;
}

/** True where the workflow id was used before and must not be used again. */
export function isAlreadyStarted(error: unknown): boolean {
  return error instanceof WorkflowExecutionAlreadyStartedError;
}

/** True where a task that had ended went on before, or it is no longer this workflow that lives it. */
export function isTaskOver(error: unknown): boolean {
  return failureType(error) === 'task-over';
}

/** What a caller of the gateway is told. */
export function translate(error: unknown): unknown {
  const type = failureType(error);
  if (type !== undefined && isRefusal(type)) return new RunRefused(type, factsOf(error));
  if (error instanceof WorkflowNotFoundError) return new RunRefused('run-terminal', { closed: true });
  if (isPassing(error)) return unavailable('temporal', error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return unavailable('temporal', error, SLOW);
  if (isBehind(error)) return unavailable('temporal', error, BEHIND);
  const unreachable = error instanceof ServiceError || isGrpcServiceError(error);
  return unreachable && !(error instanceof AgentRunError) ? unavailable('temporal', error) : error;
}

/** The server is there: nothing of it is out of reach. */
function isBehind(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && (cause.code as number) === FAILED_PRECONDITION;
}

function failureType(error: unknown): string | undefined {
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) return undefined;
  return error.cause.type ?? undefined;
}

function factsOf(error: unknown): Record<string, unknown> {
  const details =
    error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.details;
  const facts: unknown = Array.isArray(details) ? details[0] : undefined;
  return typeof facts === 'object' && facts !== null ? { ...facts } : {};
}

function isRefusal(type: string): type is RunRefusalType {
  return (RUN_REFUSALS as readonly string[]).includes(type);
}
