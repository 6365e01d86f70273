import { ApiError, TransportError } from '../../client/index.js';
import { TraceId } from './trace-id.js';

/** What went wrong: the cause, what can be done, and the name by which the server's log tells of it. */
export function Problem({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  const traceId =
    error instanceof ApiError ? error.traceId : error instanceof TransportError ? error.failure?.traceId : null;
  return (
    <div class="problem" role="alert">
      <p>
        <span aria-hidden="true">✕ </span>
        {causeOf(error)}
      </p>
      {traceId && (
        <p class="dim">
          Trace <TraceId id={traceId} />
        </p>
      )}
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function causeOf(error: Error): string {
  if (error instanceof TransportError && error.status === null) return 'The manager does not answer.';
  return error.message;
}
