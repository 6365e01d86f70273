import type { EventRecord } from '../../contract/event.js';
import { invalid } from '../../domain/errors.js';
import type { Principal } from '../../domain/principal.js';
import type { OperationContext } from '../context.js';
import { PAGE_BYTES, pageOfEventsBefore } from '../runs/page-of-events.js';
import { requireSession } from './read-session.js';
import type { SessionEventPage } from './session-events.js';
import { decodeCursor, encodeCursor, type TracePosition } from './trace-cursor.js';

/** As many as a page looks back over; a session of many short runs has more pages, not slower ones. */
const RUNS_A_PAGE = 50;

/**
 * The newest events of a session across its runs, oldest first, or those before `cursor`: how somebody who wants to see the end begins, and
 * goes back. Without older ones there is no `nextCursor`.
 */
export async function sessionTraceBackward(
  context: OperationContext,
  principal: Principal,
  { sessionId, cursor, limit }: { readonly sessionId: string; readonly cursor?: string; readonly limit: number },
): Promise<SessionEventPage> {
  await requireSession(context, principal, sessionId);
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  const runIds = await context.sessions.listRunIds(sessionId, { toRunId: before?.runId, limit: RUNS_A_PAGE });
  if (before !== undefined && runIds[0] !== before.runId) throw invalid('cursor', 'cursor is not one of this session');
  const { items, at, isCut } = await newestOf(context, runIds, before, limit);
  // What is before the first event of a run is the run before it.
  const mayBeMore = runIds.length === RUNS_A_PAGE || at?.runId !== runIds.at(-1);
  return answer(items, at, isCut || mayBeMore);
}

/** From run to run until the page is full; `isCut`: within a run. */
async function newestOf(
  context: OperationContext,
  runIds: readonly string[],
  before: TracePosition | undefined,
  limit: number,
): Promise<{ items: EventRecord[]; at: TracePosition | undefined; isCut: boolean }> {
  let items: EventRecord[] = [];
  let at = before;
  let bytesLeft = PAGE_BYTES;
  for (const runId of runIds) {
    const beforeSeq = runId === before?.runId ? before.seq : undefined;
    const page = await pageOfEventsBefore(context.events, { runId, beforeSeq, limit: limit - items.length }, bytesLeft);
    items = [...page.items, ...items];
    bytesLeft -= page.bytes;
    const firstSeq = page.items[0]?.seq ?? 1;
    at = { runId, seq: firstSeq };
    if (page.isFull && firstSeq > 1) return { items, at, isCut: true };
    if (items.length >= limit || bytesLeft <= 0) break;
  }
  return { items, at, isCut: false };
}

function answer(items: EventRecord[], at: TracePosition | undefined, more: boolean): SessionEventPage {
  const last = items.at(-1);
  const cursor = at === undefined ? null : encodeCursor(at);
  const page = { items, runId: last?.runId ?? at?.runId ?? null, lastSeq: last?.seq ?? 0, cursor };
  return more && cursor !== null ? { ...page, nextCursor: cursor } : page;
}
