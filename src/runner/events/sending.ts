import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, isRefusedBetween, TransportError } from '../../client/http-client.js';
import type { EventInput } from '../../contract/event.js';
import type { AttemptScope } from '../attempt-scope.js';
import type { Log } from '../log.js';
import { isOverFor, type RunApi } from '../run-api.js';

export interface EventSendingOptions {
  readonly api: Pick<RunApi, 'appendEvents'>;
  readonly scope: AttemptScope;
  readonly log: Log;
}

const PAUSE_MS = { first: 100, longest: 5_000 };
/** One of several gateways may refuse everything for a while: so often an event is tried as it is. What is too large is so for all of them. */
const TRIES = 4;

/**
 * Sends a batch until it is answered. One event that the manager refuses, or something in between, must not cost the
 * others: a refused batch is halved until the one is found, and that becomes an `error` event which says so. Resolves
 * also when nothing more will be taken.
 */
export function sendEvents({ api, scope, log }: EventSendingOptions): (events: EventInput[]) => Promise<void> {
  /** Undefined where they are taken, or nothing is any more. */
  const refusalOf = async (events: EventInput[]): Promise<Error | undefined> => {
    try {
      await api.appendEvents(events);
    } catch (error) {
      if (isOverFor(error)) scope.end('attempt-over');
      // Else given up by us, or the run has ended: nothing will be taken.
      else if (isRefusedBetween(error) || (error instanceof ApiError && error.status !== 409)) return error as Error;
    }
    return undefined;
  };

  const send = async (events: EventInput[]): Promise<void> => {
    const refusal = await refusalOf(events);
    if (refusal === undefined) return;
    log.warn({ events: events.length, reason: refusal.message }, 'events refused');
    const half = Math.ceil(events.length / 2);
    const [first] = events;
    if (events.length > 1) return send(events.slice(0, half)).then(() => send(events.slice(half)));
    if (first) await replace(first, refusal);
  };

  /** Who in between refuses the stand-in too refuses everything: the event waits for that to pass. */
  const replace = async (event: EventInput, refused: Error): Promise<void> => {
    let refusal: Error | undefined = refused;
    let pauseMs = PAUSE_MS.first;
    for (let tries = 1; refusal; tries += 1, pauseMs = Math.min(PAUSE_MS.longest, 2 * pauseMs)) {
      const isFinal = tries >= TRIES || !isRefusedBetween(refusal) || isTooLarge(refusal);
      if (isFinal && !isRefusedBetween(await refusalOf([standInFor(event, refusal.message)]))) return;
      await delay(pauseMs, undefined, { ref: false });
      refusal = await refusalOf([event]);
    }
  };

  return send;
}

function isTooLarge(refusal: Error): boolean {
  return refusal instanceof TransportError && [413, 414].includes(refusal.status ?? 0);
}

function standInFor(event: EventInput, reason: string): EventInput {
  const message = `an event of type ${event.type ?? 'backend_status'} was refused: ${reason}`;
  return {
    type: 'error',
    payload: { message, commandId: event.payload?.['commandId'] ?? null },
    clientSeq: event.clientSeq,
  };
}
