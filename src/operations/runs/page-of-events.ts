import type { EventRecord } from '../../contract/event.js';
import type { EventQuery, EventStore } from '../../ports/event-store.js';

/** About so many bytes make a page full, however many events were asked for. */
export const PAGE_BYTES = 8 * 1024 * 1024;
/** Of the largest events allowed, so many are read in well under the time a statement has. */
const CHUNK_EVENTS = 32;

export interface EventPage {
  readonly items: EventRecord[];
  readonly bytes: number;
  /** It ends where it does because no more fits in: there may be more. */
  readonly isFull: boolean;
}

/** Up to `limit` events after `afterSeq`, fewer where they are large; none only when there are none. */
export async function pageOfEvents(
  events: Pick<EventStore, 'page'>,
  query: EventQuery,
  maxBytes: number = PAGE_BYTES,
): Promise<EventPage> {
  const items: EventRecord[] = [];
  let bytes = 0;
  while (items.length < query.limit && bytes < maxBytes) {
    const limit = Math.min(query.limit - items.length, nextChunk(items.length, bytes));
    const chunk = await events.page({ ...query, afterSeq: items.at(-1)?.seq ?? query.afterSeq, limit });
    items.push(...chunk);
    bytes += Buffer.byteLength(JSON.stringify(chunk));
    if (chunk.length < limit) return { items, bytes, isFull: false };
  }
  return { items, bytes, isFull: true };
}

/** The newest up to `limit` events before `beforeSeq`, oldest first; without it, those at the end. As `pageOfEvents` otherwise. */
export async function pageOfEventsBefore(
  events: Pick<EventStore, 'tail'>,
  query: { readonly runId: string; readonly beforeSeq?: number; readonly limit: number },
  maxBytes: number = PAGE_BYTES,
): Promise<EventPage> {
  let items: EventRecord[] = [];
  let bytes = 0;
  while (items.length < query.limit && bytes < maxBytes) {
    const limit = Math.min(query.limit - items.length, nextChunk(items.length, bytes));
    const chunk = await events.tail({ ...query, beforeSeq: items[0]?.seq ?? query.beforeSeq, limit });
    items = [...chunk, ...items];
    bytes += Buffer.byteLength(JSON.stringify(chunk));
    if (chunk.length < limit) return { items, bytes, isFull: false };
  }
  return { items, bytes, isFull: true };
}

/** Small events are read many at a time: as many as fit into the rest of the page by what they took so far. */
function nextChunk(events: number, bytes: number): number {
  if (events === 0) return CHUNK_EVENTS;
  return Math.max(CHUNK_EVENTS, Math.floor((PAGE_BYTES - bytes) / (bytes / events)));
}
