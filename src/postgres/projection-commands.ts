import { missing } from '../domain/errors.js';
import type { CommandSnapshot } from '../domain/run-snapshot.js';
import type { Queryable } from './queryable.js';
import { noteText, noteValues, timeOf } from './projection-values.js';

/**
 * Writes one command's state. The first time it opens the draft; a command that the workflow made itself has none, and
 * takes its payload from the one it came from. A draft that was sent to the session becomes this run's.
 */
const PROJECT_COMMAND = `INSERT INTO commands AS c (id, run_id, seq, type, payload, state, attempt, failure_kind,
    failure_message, thread_id, turn_id, superseded_by, cancel_requested_at, acknowledged_at, finished_at, send_decision)
  SELECT $1, $2, $3, $4, source.payload, $5, $6, $7, ${noteText('NULL', { text: '$8', noteId: '$9' })}, $10, $11, $12,
    $13, $14, $15, $17
  FROM commands source WHERE source.id = coalesce($16, $1) AND (source.run_id = $2
    OR (source.run_id IS NULL AND source.session_id = (SELECT r.session_id FROM runs r WHERE r.id = $2)))
  ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, type = excluded.type, seq = excluded.seq,
    send_decision = coalesce(c.send_decision, excluded.send_decision), state = excluded.state, attempt = excluded.attempt,
    failure_kind = excluded.failure_kind, failure_message = ${noteText('c.failure_message', { text: '$8', noteId: '$9' })},
    thread_id = excluded.thread_id, turn_id = excluded.turn_id, superseded_by = excluded.superseded_by,
    cancel_requested_at = excluded.cancel_requested_at, acknowledged_at = excluded.acknowledged_at,
    finished_at = excluded.finished_at, updated_at = now()`;

/** Within the projection's transaction. @throws schema-invalid (missing) when nobody ever wrote its payload. */
export async function projectCommand(transaction: Queryable, runId: string, command: CommandSnapshot): Promise<void> {
  const { rowCount } = await transaction.query(PROJECT_COMMAND, [
    command.id,
    runId,
    command.seq,
    command.type,
    command.state,
    command.attempt,
    command.failureKind,
    ...noteValues(command.failureMessage),
    command.threadId,
    command.turnId,
    command.supersededBy,
    timeOf(command.cancelRequestedAtMs),
    timeOf(command.acknowledgedAtMs),
    timeOf(command.finishedAtMs),
    command.payloadOf,
    command.send === undefined ? null : JSON.stringify(command.send),
  ]);
  if (rowCount === 0) throw missing('command', command.payloadOf ?? command.id);
}
