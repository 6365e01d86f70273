import type { EventRecord } from '../contract/event.js';
import { conflict } from '../domain/errors.js';
import type { EventAppendRequest, EventStore, NewEvent } from '../ports/event-store.js';
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

const PAGE = {
  name: 'page_events',
  text: `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
    WHERE ${OF_RUN} AND e.seq > $2 ORDER BY e.seq LIMIT $3`,
};

/** Without a name, so that it is planned for its types: a plan for any types reads all events of the run, where there are few of those. */
const PAGE_OF_TYPES = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.seq > $2 AND e.type = ANY ($4::text[]) ORDER BY e.seq LIMIT $3`;

/** There are no holes, so the newest are known by their numbers, and no more are read than are asked for, whatever the planner thinks of the run. */
const TAIL_END = `(SELECT least($3::bigint, s.last_seq + 1) FROM run_streams s WHERE s.run_id = $1)`;
const TAIL = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.seq < ${TAIL_END} AND e.seq >= ${TAIL_END} - $2::bigint ORDER BY e.seq DESC`;

const TAIL_OF_TYPES = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.type = ANY ($3::text[]) AND ($4::integer IS NULL OR e.seq < $4) ORDER BY e.seq DESC LIMIT $2`;

const TAIL_OF_COMMAND = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.command_id = $4 AND ($3::text[] IS NULL OR e.type = ANY ($3)) ORDER BY e.seq DESC LIMIT $2`;

/** These look into the index of the types that are looked for (`run_events_of_type`), where there is none of them, too. */
const LATEST = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.type = $2 ORDER BY e.seq DESC LIMIT 1`;

const LATEST_OF_COMMAND = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.type = $2 AND e.command_id = $3 ORDER BY e.seq DESC LIMIT 1`;

export function createEventStore(database: Database, wakeups: Wakeups): EventStore {
  return {
    async append(request) {
      const records = await withPartitions(database, () => appendChecked(database, request));
      wakeups.notify(`events:${request.runId}`, { urgent: request.events.some(isAwaited) });
      return records;
    },

    async page({ runId, afterSeq, limit, types }) {
      const values = [runId, afterSeq, limit];
      const { rows } = await (types === undefined
        ? database.query<EventRow>(PAGE, values)
        : database.query<EventRow>(PAGE_OF_TYPES, [...values, types]));
      return rows.map((row) => toEventRecord(runId, row));
    },

    async tail({ runId, limit, commandId, types = null, beforeSeq = null }) {
      const statement = (): [text: string, values: unknown[]] => {
        if (commandId !== undefined) return [TAIL_OF_COMMAND, [runId, limit, types, commandId]];
        return types === null ? [TAIL, [runId, limit, beforeSeq]] : [TAIL_OF_TYPES, [runId, limit, types, beforeSeq]];
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

/** Where a run is: what a caller waits for (a turn begun, a steer delivered), and rare beside what agents say. */
function isAwaited({ type }: NewEvent): boolean {
  return type === 'backend_status';
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
