import type { EventStore } from '../ports/event-store.js';
import type { Wakeups } from '../ports/wakeups.js';
import { appendRunEvents } from './event-append.js';
import { toEventRecord, type EventRow } from './event-rows.js';
import { withPartitions } from './partitions.js';
import type { Database } from './pool.js';

/** Reads look only into the partitions between a run's first event and its last. */
const OF_RUN = `e.run_id = $1
  AND e.created_at >= (SELECT s.first_event_at FROM run_streams s WHERE s.run_id = $1)
  AND e.created_at <= (SELECT s.last_event_at FROM run_streams s WHERE s.run_id = $1)`;

const PAGE = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.seq > $2 ORDER BY e.seq LIMIT $3`;

const TAIL = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} ORDER BY e.seq DESC LIMIT $2`;

const TAIL_OF_COMMAND = `SELECT e.seq, e.type, e.payload, e.created_at FROM run_events e
  WHERE ${OF_RUN} AND e.command_id = $3 ORDER BY e.seq DESC LIMIT $2`;

export function createEventStore(database: Database, wakeups: Wakeups): EventStore {
  return {
    async append(request) {
      const records = await withPartitions(database, () => appendRunEvents(database, request));
      wakeups.notify(`events:${request.runId}`);
      return records;
    },

    async page({ runId, afterSeq, limit }) {
      const { rows } = await database.query<EventRow>({ name: 'page_events', text: PAGE }, [runId, afterSeq, limit]);
      return rows.map((row) => toEventRecord(runId, row));
    },

    async tail({ runId, limit, commandId }) {
      const { rows } =
        commandId === undefined
          ? await database.query<EventRow>(TAIL, [runId, limit])
          : await database.query<EventRow>(TAIL_OF_COMMAND, [runId, limit, commandId]);
      return rows.map((row) => toEventRecord(runId, row)).reverse();
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
