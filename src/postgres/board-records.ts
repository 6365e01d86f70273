import type { BoardRecords } from '../ports/board-records.js';
import { COMMAND_COLUMNS, toCommandState, type CommandRow } from './commands.js';
import { toEventRecord, type EventRow } from './event-rows.js';
import { LEASE_END } from './leases.js';
import type { Database } from './pool.js';
import { toRunRecord, type RunRow } from './run-mapping.js';
import { JOB_COLUMNS, toJobRecord, type JobRow } from './runner-jobs.js';
import { SELECT_RUNS } from './runs.js';
import { toSessionRecord, type SessionRow } from './session-mapping.js';
import { SELECT_SESSIONS } from './sessions.js';

/** In bytes. A larger payload is not even read: its size as it is stored is known without it, and that is looked at first. */
const LARGE_PAYLOAD = 4_096;

const PAYLOAD = `CASE WHEN pg_column_size(e.payload) <= ${LARGE_PAYLOAD}
    THEN CASE WHEN octet_length(e.payload::text) <= ${LARGE_PAYLOAD} THEN e.payload END END`;

/** `seq` has no holes, and the bounds leave the partitions out that hold nothing of the run. */
const NEWEST_EVENTS = `SELECT s.run_id, e.seq, e.type, ${PAYLOAD} AS payload, e.command_id, e.created_at
  FROM run_streams s JOIN run_events e ON e.run_id = s.run_id AND e.seq > s.last_seq - $2
    AND e.created_at BETWEEN s.first_event_at AND s.last_event_at
  WHERE s.run_id = ANY ($1::text[]) ORDER BY s.run_id, e.seq`;

const NEWEST_EVENTS_OF_COMMANDS = `SELECT c.run_id, e.* FROM commands c JOIN run_streams s ON s.run_id = c.run_id
    CROSS JOIN LATERAL (
      SELECT e.seq, e.type, ${PAYLOAD} AS payload, e.command_id, e.created_at FROM run_events e
      WHERE e.command_id = c.id AND e.run_id = c.run_id AND e.created_at BETWEEN s.first_event_at AND s.last_event_at
      ORDER BY e.seq DESC LIMIT $2
    ) e
  WHERE c.id = ANY ($1::text[]) ORDER BY c.run_id, e.seq`;

/** The turn that is worked on is among the oldest that are open. */
const FEW = 5;
const COMMANDS = `WITH few AS (
    SELECT f.id FROM unnest($1::text[]) AS asked (run_id) CROSS JOIN LATERAL (
      (SELECT n.id FROM commands n WHERE n.run_id = asked.run_id AND n.seq IS NOT NULL ORDER BY n.seq DESC LIMIT ${FEW})
      UNION ALL (SELECT o.id FROM commands o WHERE o.run_id = asked.run_id AND o.seq IS NOT NULL
        AND o.state IN ('pending', 'acknowledged') ORDER BY o.seq LIMIT ${FEW})
    ) f
    UNION SELECT named.id FROM unnest($2::text[]) AS named (id)
  )
  SELECT ${COMMAND_COLUMNS} FROM few JOIN commands c ON c.id = few.id AND c.seq IS NOT NULL ORDER BY c.run_id, c.seq`;

const STANDINGS = `SELECT s.run_id, s.last_seq, s.last_event_at, CASE WHEN l.alive THEN ${LEASE_END} END AS lease_end
  FROM run_streams s CROSS JOIN api_liveness a LEFT JOIN run_leases l ON l.run_id = s.run_id
  WHERE s.run_id = ANY ($1::text[])`;

interface StandingRow {
  readonly run_id: string;
  readonly last_seq: number;
  readonly last_event_at: Date | null;
  readonly lease_end: Date | null;
}

interface BoardEventRow extends Omit<EventRow, 'payload'> {
  readonly run_id: string;
  readonly payload: EventRow['payload'] | null;
  readonly command_id: string | null;
}

export function createBoardRecords(database: Database): BoardRecords {
  return {
    async sessions(sessionIds, readerId) {
      const statement = `${SELECT_SESSIONS} WHERE s.id = ANY ($2::text[])`;
      const { rows } = await database.query<SessionRow>(statement, [readerId, sessionIds]);
      return rows.map(toSessionRecord);
    },

    async runs(runIds) {
      const statement = `${SELECT_RUNS} WHERE r.id = ANY ($1::text[]) AND r.opened_at IS NOT NULL`;
      const { rows } = await database.query<RunRow>(statement, [runIds]);
      return rows.map(toRunRecord);
    },

    async commands(runIds, commandIds) {
      const { rows } = await database.query<Omit<CommandRow, 'payload'>>(COMMANDS, [runIds, commandIds]);
      return rows.map(toCommandState);
    },

    async newestEvents(runIds, perRun) {
      const { rows } = await database.query<BoardEventRow>(NEWEST_EVENTS, [runIds, perRun]);
      return rows.map(toBoardEvent);
    },

    async newestEventsOfCommands(commandIds, perCommand) {
      const { rows } = await database.query<BoardEventRow>(NEWEST_EVENTS_OF_COMMANDS, [commandIds, perCommand]);
      return rows.map(toBoardEvent);
    },

    async standings(runIds) {
      const { rows } = await database.query<StandingRow>(STANDINGS, [runIds]);
      return rows.map((row) => ({
        runId: row.run_id,
        lastSeq: row.last_seq,
        lastEventAtMs: row.last_event_at?.getTime() ?? null,
        leaseExpiresAtMs: row.lease_end?.getTime() ?? null,
      }));
    },

    async currentJobs(runIds) {
      const { rows } = await database.query<JobRow>(
        `SELECT ${JOB_COLUMNS} FROM runner_jobs j JOIN runs r ON r.id = j.run_id AND r.attempt = j.attempt
         WHERE r.id = ANY ($1::text[])`,
        [runIds],
      );
      return rows.map(toJobRecord);
    },
  };
}

function toBoardEvent({ run_id: runId, command_id: commandId, payload, ...row }: BoardEventRow) {
  return toEventRecord(runId, { ...row, payload: payload ?? (commandId === null ? {} : { commandId }) });
}
