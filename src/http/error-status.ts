import type { AgentRunError, RefusalClass } from '../domain/errors.js';
import type { FailureKind } from '../domain/failure-kinds.js';
import { HttpError } from './http-error.js';

const BY_REFUSAL: Record<RefusalClass, number> = {
  invalid: 400,
  missing: 404,
  conflict: 409,
  'too-large': 413,
  unavailable: 503,
};

/** Failure kinds that have a status of their own, whatever was refused. */
const BY_KIND: Partial<Record<FailureKind, number>> = {
  'auth-required': 401,
  forbidden: 403,
  'rate-limited': 429,
  'lease-conflict': 409,
  'lease-lost': 409,
  'idempotency-conflict': 409,
  'session-store-evicted': 409,
};

/** The HTTP status that an error is answered with. */
export function statusOf(error: AgentRunError): number {
  if (error instanceof HttpError) return error.status;
  if (error.failureKind === 'infra-failed') return error.refusal === 'unavailable' ? 503 : 500;
  if (error.failureKind === 'schema-invalid') return BY_REFUSAL[error.refusal];
  return BY_KIND[error.failureKind] ?? 500;
}
