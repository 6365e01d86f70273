/** The closed vocabulary of failures: what a request can be refused with, and what a run or command can end with. */

const REQUEST_FAILURE_KINDS = [
  'schema-invalid',
  'auth-required',
  'forbidden',
  'lease-conflict',
  'lease-lost',
  'idempotency-conflict',
  'session-store-evicted',
  'rate-limited',
  'infra-failed',
] as const;

export const RUN_FAILURE_KINDS = [
  'backend-failed',
  'backend-unauthorized',
  'provider-auth-failed',
  'provider-rate-limited',
  'provider-unavailable',
  'provider-stream-disconnected',
  'context-overflow',
  'runner-lost',
  'runner-start-failed',
  'hard-timeout',
  'idle-timeout',
  'thread-resume-failed',
  'budget-exceeded',
  'cancelled',
] as const;

export const FAILURE_KINDS = [...REQUEST_FAILURE_KINDS, ...RUN_FAILURE_KINDS] as const;

export type RunFailureKind = (typeof RUN_FAILURE_KINDS)[number];
export type FailureKind = (typeof FAILURE_KINDS)[number];
