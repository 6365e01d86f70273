import type { FailureKind } from '../domain/failure-kinds.js';

/** What a failure envelope says; `details` is empty where it said none. */
export interface FailureFacts {
  readonly status: number;
  readonly failureKind: FailureKind;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly traceId: string | null;
}

/**
 * The manager's own word: it understood the request and refused it. Asking again gets the same answer, unless it was
 * `rate-limited`.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly failureKind: FailureKind;
  readonly details: Readonly<Record<string, unknown>>;
  readonly traceId: string | null;

  constructor(facts: FailureFacts) {
    super(facts.message);
    this.status = facts.status;
    this.failureKind = facts.failureKind;
    this.details = facts.details;
    this.traceId = facts.traceId;
  }
}

/**
 * No answer of the manager's was had: nothing came, the time was up, a part behind it is down (5xx), or something else
 * answered in its place. Whether the request took effect is unknown; asking again later may work.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** HTTP status where there was one. */
  readonly status: number | null;
  /** What the manager said of itself, where it did. */
  readonly failure: FailureFacts | null;

  constructor(message: string, about: { status?: number; failure?: FailureFacts; cause?: unknown } = {}) {
    super(message, { cause: about.cause });
    this.status = about.status ?? null;
    this.failure = about.failure ?? null;
  }
}

/** True where the same request may succeed later. */
export function mayRetry(error: unknown): boolean {
  return error instanceof TransportError || (error instanceof ApiError && error.failureKind === 'rate-limited');
}

/** Of a request as such: too large, or of a content that somebody's rules forbid. */
const NOT_TAKEN: readonly (number | null)[] = [400, 403, 413, 414, 431];

/**
 * True where a proxy, a gateway or a firewall in between refused the request: the manager never had it, and the same
 * request is refused again, unless that one refuses everything for a while.
 */
export function isRefusedBetween(error: unknown): boolean {
  return error instanceof TransportError && error.failure === null && NOT_TAKEN.includes(error.status);
}
