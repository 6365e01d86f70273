import type { FailureKind } from './failure-kinds.js';

/** Why a request is refused, as far as an HTTP status depends on it beyond the failure kind. */
export type RefusalClass = 'invalid' | 'missing' | 'conflict' | 'too-large' | 'unavailable';

/**
 * An error that a caller may read: its message and details hold no secret, no stack, and nothing of another tenant.
 * Anything else that is thrown is answered as `infra-failed` without its text.
 */
export class AgentRunError extends Error {
  override readonly name: string = 'AgentRunError';

  constructor(
    readonly failureKind: FailureKind,
    readonly refusal: RefusalClass,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function invalid(field: string, message: string, details: Record<string, unknown> = {}): AgentRunError {
  return new AgentRunError('schema-invalid', 'invalid', message, { field, ...details });
}

export function missing(what: string, id: string): AgentRunError {
  return new AgentRunError('schema-invalid', 'missing', `${what} ${id} does not exist`, { [what]: id });
}

export function conflict(message: string, details: Record<string, unknown> = {}): AgentRunError {
  return new AgentRunError('schema-invalid', 'conflict', message, details);
}

/** The token is good, but not for this. */
export function forbidden(message: string, details: Record<string, unknown> = {}): AgentRunError {
  return new AgentRunError('forbidden', 'invalid', message, details);
}

/** The writer no longer holds the attempt: it must stop its agent. */
export function leaseLost(runId: string, details: Record<string, unknown> = {}): AgentRunError {
  return new AgentRunError('lease-lost', 'conflict', `the lease of run ${runId} is not held by this runner`, details);
}

export function leaseConflict(runId: string, details: Record<string, unknown> = {}): AgentRunError {
  return new AgentRunError('lease-conflict', 'conflict', `run ${runId} is held by another runner`, details);
}

export function idempotencyConflict(): AgentRunError {
  const message = 'this idempotencyKey was used before with another body';
  return new AgentRunError('idempotency-conflict', 'conflict', message, { field: 'idempotencyKey' });
}

/** The session's volume was given up with all that was on it: the conversation cannot go on. */
export function sessionStoreEvicted(sessionId: string): AgentRunError {
  const message = `the storage of session ${sessionId} was evicted; go on in a new session`;
  return new AgentRunError('session-store-evicted', 'conflict', message, { sessionId });
}

const PARTS = {
  database: 'the database',
  temporal: 'Temporal',
  platform: 'the platform',
  identity: 'the identity provider',
} as const;

/** A part that we need is down; asking again later may work. `message` says it otherwise than by default. */
export function unavailable(
  part: keyof typeof PARTS,
  cause?: unknown,
  message = `${PARTS[part]} is not reachable; try again`,
): AgentRunError {
  return new AgentRunError('infra-failed', 'unavailable', message, { part }, { cause });
}
