import type { EventRecord } from '../../contract/event.js';
import { invalid, missing } from '../../domain/errors.js';
import type { EventType } from '../../domain/event-types.js';
import type { Principal } from '../../domain/principal.js';
import { requireRun } from '../access.js';
import type { OperationContext } from '../context.js';
import { PAGE_BYTES, pageOfEvents } from '../runs/page-of-events.js';
import { requireSession } from './read-session.js';
import { decodeCursor, encodeCursor, type TracePosition } from './trace-cursor.js';

export interface SessionEventQuery {
  readonly sessionId: string;
  readonly runId?: string;
  /** Of one run: the one named, else the latest. */
  readonly afterSeq: number;
  readonly cursor?: string;
  readonly limit: number;
}

export interface SessionEventPage {
  readonly items: EventRecord[];
  /** The run that the last item belongs to, or that was asked for. */
  readonly runId: string | null;
  readonly lastSeq: number;
  /** Where to go on, now or when there is more. */
  readonly cursor: string | null;
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** What a person reads of a session. */
const OUTPUT: readonly EventType[] = ['user_message', 'assistant_message', 'command_output'];

/** A page over so many runs at most; a session of many runs with few events has more pages, not slower ones. */
const RUNS_A_PAGE = 50;

/** All events of the session across its runs, or of one run. */
export function sessionTrace(
  context: OperationContext,
  principal: Principal,
  query: SessionEventQuery,
): Promise<SessionEventPage> {
  return pageOfSession(context, principal, query, undefined);
}

/** Only what was said and printed; a message that is still being spoken comes when it is whole. */
export async function sessionOutput(
  context: OperationContext,
  principal: Principal,
  query: SessionEventQuery,
): Promise<SessionEventPage> {
  const page = await pageOfSession(context, principal, query, OUTPUT);
  const isPiece = ({ type, payload }: EventRecord) => type === 'assistant_message' && payload.status === 'in_progress';
  return { ...page, items: page.items.filter((event) => !isPiece(event)) };
}

async function pageOfSession(
  context: OperationContext,
  principal: Principal,
  query: SessionEventQuery,
  types: readonly EventType[] | undefined,
): Promise<SessionEventPage> {
  const session = await requireSession(context, principal, query.sessionId);
  const overRuns = query.runId === undefined && (query.cursor !== undefined || query.afterSeq === 0);
  if (overRuns) return pageOverRuns(context, query, types);
  const runId = query.runId ?? session.lastRunId;
  if (runId === null) return { items: [], runId: null, lastSeq: 0, cursor: null };
  const run = await requireRun(context, principal, runId);
  if (run.sessionRef?.sessionId !== query.sessionId) throw missing('run', runId);
  const { afterSeq, limit } = query;
  const { items, isFull } = await pageOfEvents(context.events, { runId, afterSeq, limit, types });
  return answer(items, { runId, seq: items.at(-1)?.seq ?? afterSeq }, isFull);
}

async function pageOverRuns(
  context: OperationContext,
  { sessionId, cursor, limit }: SessionEventQuery,
  types: readonly EventType[] | undefined,
): Promise<SessionEventPage> {
  const from = cursor === undefined ? undefined : decodeCursor(cursor);
  const runIds = await context.sessions.listRunIds(sessionId, { fromRunId: from?.runId, limit: RUNS_A_PAGE });
  if (from !== undefined && runIds[0] !== from.runId) throw invalid('cursor', 'cursor is not one of this session');
  const items: EventRecord[] = [];
  let at = from ?? (runIds[0] === undefined ? undefined : { runId: runIds[0], seq: 0 });
  let bytesLeft = PAGE_BYTES;
  for (const runId of runIds) {
    const afterSeq = runId === from?.runId ? from.seq : 0;
    const query = { runId, afterSeq, limit: limit - items.length, types };
    const page = await pageOfEvents(context.events, query, bytesLeft);
    items.push(...page.items);
    bytesLeft -= page.bytes;
    at = { runId, seq: page.items.at(-1)?.seq ?? afterSeq };
    // The rest of this run comes before the next one.
    if (page.isFull) return answer(items, at, true);
  }
  return answer(items, at, runIds.length === RUNS_A_PAGE);
}

function answer(items: EventRecord[], at: TracePosition | undefined, more: boolean): SessionEventPage {
  const last = items.at(-1) ?? at;
  if (at === undefined || last === undefined) return { items, runId: null, lastSeq: 0, cursor: null };
  const cursor = encodeCursor(at);
  return { items, runId: last.runId, lastSeq: last.seq, cursor, ...(more ? { nextCursor: cursor } : {}) };
}
