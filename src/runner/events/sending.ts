import { ApiError } from '../../client/http-client.js';
import type { EventInput } from '../../contract/event.js';
import type { AttemptScope } from '../attempt-scope.js';
import type { Log } from '../log.js';
import { isOverFor, type RunApi } from '../run-api.js';

export interface EventSendingOptions {
  readonly api: Pick<RunApi, 'appendEvents'>;
  readonly scope: AttemptScope;
  readonly log: Log;
}

/**
 * Sends a batch until it is answered. One event that the manager refuses must not cost the others: a refused batch is
 * halved until the one is found, and that becomes an `error` event which says so. Resolves also when nothing more will
 * be taken.
 */
export function sendEvents({ api, scope, log }: EventSendingOptions): (events: EventInput[]) => Promise<void> {
  const send = async (events: EventInput[], isStandIn = false): Promise<void> => {
    try {
      await api.appendEvents(events);
    } catch (error) {
      if (isOverFor(error)) {
        scope.end('attempt-over');
        return;
      }
      // Given up by us, or the run has ended: nothing will be taken.
      if (!(error instanceof ApiError) || error.status === 409) return;
      const half = Math.ceil(events.length / 2);
      const first = events[0];
      log.warn({ events: events.length, reason: error.message }, 'events refused by the manager');
      if (events.length > 1) return send(events.slice(0, half)).then(() => send(events.slice(half)));
      if (first && !isStandIn) return send([standInFor(first, error.message)], true);
    }
  };
  return (events) => send(events);
}

function standInFor(event: EventInput, reason: string): EventInput {
  const message = `an event of type ${event.type ?? 'backend_status'} was refused: ${reason}`;
  return {
    type: 'error',
    payload: { message, commandId: event.payload?.['commandId'] ?? null },
    clientSeq: event.clientSeq,
  };
}
