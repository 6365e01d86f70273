import { RequestError, type StopReason } from '@agentclientprotocol/sdk';
import type { RunFailureKind } from '../../../domain/failure-kinds.js';

export interface Failure {
  readonly failureKind: RunFailureKind;
  readonly message: string;
}

/** The protocol's own code for "authenticate first". */
const AUTH_REQUIRED = -32000;

/** Ends of a turn that are none of success, in the protocol's words. An agent may end a failed turn as `end_turn` all the same. */
const BY_STOP_REASON: Readonly<Partial<Record<StopReason, Failure>>> = {
  max_tokens: { failureKind: 'context-overflow', message: "the turn came to the model's limit of tokens" },
  max_turn_requests: {
    failureKind: 'budget-exceeded',
    message: 'the turn came to the number of model requests that the agent allows in one',
  },
  refusal: { failureKind: 'backend-failed', message: 'the agent refused to go on with this prompt' },
};

/** Undefined for a turn that ended well, or was cancelled. */
export function failureOfStop(reason: StopReason): Failure | undefined {
  return BY_STOP_REASON[reason];
}

/** What an error of the agent's means. Its words mean nothing to us; its code does, and a status of HTTP that it hands on. */
export function failureOfError(error: Error): Failure {
  if (!(error instanceof RequestError)) return { failureKind: 'backend-failed', message: error.message };
  const message = wordsOf(error);
  if (error.code === AUTH_REQUIRED) return { failureKind: 'backend-unauthorized', message };
  return { failureKind: kindOfStatus(statusIn(error.data)) ?? 'backend-failed', message };
}

export function isAuthRequired(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === AUTH_REQUIRED;
}

/** The message of most errors is the name of their code; what happened is in the data. */
export function wordsOf({ message, data }: RequestError): string {
  const details = typeof data === 'string' ? data : (textAt(data, 'details') ?? textAt(data, 'message'));
  return details === undefined || message.includes(details) ? message : `${message}: ${details}`;
}

function kindOfStatus(status: number | undefined): RunFailureKind | undefined {
  if (status === undefined) return undefined;
  if (status === 401 || status === 403) return 'provider-auth-failed';
  if (status === 429) return 'provider-rate-limited';
  return status >= 500 || status === 408 ? 'provider-unavailable' : undefined;
}

function statusIn(data: unknown): number | undefined {
  const values = ['status', 'statusCode', 'httpStatus', 'httpStatusCode'].map((name) => fieldOf(data, name));
  return values.find((value): value is number => typeof value === 'number');
}

function textAt(data: unknown, name: string): string | undefined {
  const value = fieldOf(data, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[name] : undefined;
}
