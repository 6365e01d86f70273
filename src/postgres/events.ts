import type { EventRecord } from '../contract/event.js';
import type { EventType } from '../domain/event-types.js';
import { conflict } from '../domain/errors.js';
import type { EventAppendRequest, EventStore } from '../ports/event-store.js';
import type { Wakeups } from '../ports/wakeups.js';
import { appendRunEvents } from './event-append.js';
import { toEventRecord, type EventRow } from './event-rows.js';
import { withPartitions } from './partitions.js';
import type { Database } from './pool.js';
import type { Queryable } from './queryable.js';
import { addUsage } from './usage.js';

/** Reads look only into the partitions between a run's first event and its last. */
const OF_RUN = `e.run_id = $1
  AND e.created_at >= (SELECT s.first_event_at FROM run_streams s WHERE s.run_id = $1)
  AND e.created_at <= (SELECT s.last_event_at FROM run_streams s WHERE s.run_id = $1)`;

const PAGE = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.seq > $2 AND ($4::text[] IS NULL OR e.type = ANY ($4)) ORDER BY e.seq LIMIT $3`;

/** There are no holes, so the newest are known by their numbers, and no more are read than are asked for, whatever the planner thinks of the run. */
const TAIL_END = `(SELECT least($3::bigint, s.last_seq + 1) FROM run_streams s WHERE s.run_id = $1)`;
const TAIL = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.seq < ${TAIL_END} AND e.seq >= ${TAIL_END} - $2::bigint ORDER BY e.seq DESC`;

const TAIL_OF_COMMAND = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.command_id = $4 AND ($3::text[] IS NULL OR e.type = ANY ($3)) ORDER BY e.seq DESC LIMIT $2`;

/** Types that are in the index of those that are looked for (`run_events_of_type`). */
const LOOKED_FOR: ReadonlySet<EventType> = new Set([
  'assistant_message',
  'token_usage',
  'backend_status',
  'error',
  'terminal_status',
]);

/**
 * Up to `$2` events of some types, beyond `$3`, for a statement without a name: planned for its types, each of which the index has in
 * order, also where there are few of them among very many others. For all of them at once it would be all events of the run.
 */
function ofTypes(types: readonly EventType[], { beyond, order }: { beyond: string; order: 'ASC' | 'DESC' }): string {
  const each = types.map(
    (_, index) => `(SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
      WHERE ${OF_RUN} AND e.type = $${index + 4} AND ${beyond} ORDER BY e.seq ${order} LIMIT $2)`,
  );
  return `SELECT * FROM (${each.join(' UNION ALL ')}) e ORDER BY e.seq ${order} LIMIT $2`;
}

const FORWARD = { beyond: 'e.seq > $3::bigint', order: 'ASC' } as const;
const BACKWARD = { beyond: '($3::bigint IS NULL OR e.seq < $3)', order: 'DESC' } as const;

/** These look into the index of the types that are looked for, where there is none of them, too. */
const LATEST = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.type = $2 ORDER BY e.seq DESC LIMIT 1`;

const LATEST_OF_COMMAND = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.type = $2 AND e.command_id = $3 ORDER BY e.seq DESC LIMIT 1`;

export function createEventStore(database: Database, wakeups: Wakeups): EventStore {
  return {
    async append(request) {
      const records = await withPartitions(database, () => appendChecked(database, request));
      wakeups.notify(`events:${request.runId}`);
      return records;
    },

    async page({ runId, afterSeq, limit, types }) {
      const { rows } = await (types !== undefined && types.length > 0 && types.every((type) => LOOKED_FOR.has(type))
        ? database.query<EventRow>(ofTypes(types, FORWARD), [runId, limit, afterSeq, ...types])
        : database.query<EventRow>({ name: 'page_events', text: PAGE }, [runId, afterSeq, limit, types ?? null]));
      return rows.map((row) => toEventRecord(runId, row));
    },

    async tail({ runId, limit, commandId, types, beforeSeq = null }) {
      const statement = (): [text: string, values: unknown[]] => {
        if (commandId !== undefined) return [TAIL_OF_COMMAND, [runId, limit, types ?? null, commandId]];
        if (types === undefined) return [TAIL, [runId, limit, beforeSeq]];
        return [ofTypes(types, BACKWARD), [runId, limit, beforeSeq, ...types]];
      };
      const { rows } = await database.query<EventRow>(...statement());
      return rows.map((row) => toEventRecord(runId, row)).reverse();
    },

    async latest({ runId, type, commandId }) {
      const { rows } =
        commandId === undefined
          ? await database.query<EventRow>(LATEST, [runId, type])
          : await database.query<EventRow>(LATEST_OF_COMMAND, [runId, type, commandId]);
      return rows[0] && toEventRecord(runId, rows[0]);
    },

    async last(runId) {
      const { rows } = await database.query<{ last_seq: number; last_event_at: Date | null }>(
        'SELECT last_seq, last_event_at FROM run_streams WHERE run_id = $1',
        [runId],
      );
      return { seq: rows[0]?.last_seq ?? 0, atMs: rows[0]?.last_event_at?.getTime() ?? null };
    },
  };
}

/**
 * Writers that are not fenced may share one numbering without knowing, so theirs is taken back as a whole when a number
 * turns out to be another's. A fenced runner numbers alone: its appends stay one statement.
 */
async function appendChecked(database: Database, request: EventAppendRequest): Promise<EventRecord[]> {
  const append = async (to: Queryable) => {
    const records = assertSameTypes(request, await appendRunEvents(to, request));
    await addUsage(to, request);
    return records;
  };
  const numbered = request.events.some((event) => event.clientSeq !== undefined);
  const shared = request.fence === null && numbered && request.events.length > 1;
  const counted = request.events.some((event) => event.type === 'token_usage');
  return shared || counted ? database.transaction(append) : append(database);
}

function assertSameTypes({ events }: EventAppendRequest, records: EventRecord[]): EventRecord[] {
  const index = records.findIndex((record, position) => record.type !== events[position]?.type);
  if (index < 0) return records;
  const [type, seq] = [records[index]?.type, records[index]?.seq];
  throw conflict(`this number was used before, for an event of type ${type}`, { index, seq, type });
}
