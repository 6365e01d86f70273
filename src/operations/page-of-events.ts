import type { EventRecord } from '../contract/event.js';
import type { EventQuery, EventStore } from '../ports/event-store.js';

/** About so many bytes make a page full, however many events were asked for. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** Of the largest events allowed, so many are read in well under the time a statement has. */
const CHUNK_EVENTS = 32;

/** Up to `limit` events after `afterSeq`, fewer where they are large; none only when there are none. */
export async function pageOfEvents(events: Pick<EventStore, 'page'>, query: EventQuery): Promise<EventRecord[]> {
  const items: EventRecord[] = [];
  let bytes = 0;
  while (items.length < query.limit && bytes < PAGE_BYTES) {
    const limit = Math.min(query.limit - items.length, nextChunk(items.length, bytes));
    const chunk = await events.page({ ...query, afterSeq: items.at(-1)?.seq ?? query.afterSeq, limit });
    items.push(...chunk);
    bytes += Buffer.byteLength(JSON.stringify(chunk));
    if (chunk.length < limit) break;
  }
  return items;
}

/** Small events are read many at a time: as many as fit into the rest of the page by what they took so far. */
function nextChunk(events: number, bytes: number): number {
  if (events === 0) return CHUNK_EVENTS;
  return Math.max(CHUNK_EVENTS, Math.floor((PAGE_BYTES - bytes) / (bytes / events)));
}
