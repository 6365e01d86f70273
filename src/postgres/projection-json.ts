import { MANAGER_PRODUCER, type CommandSnapshot, type ManagerEvent, type RunSnapshot } from '../domain/run-snapshot.js';
import { commandIdOf } from './event-append.js';
import { sessionJson } from './projection-session.js';
import { noteValues, timeOf } from './projection-values.js';
import { storableText } from './storable-text.js';

/** A snapshot by the names that `project_run` reads. What has no version is new whatever the row has. */
export function snapshotJson(snapshot: RunSnapshot): string {
  const { terminalStatus, grant } = snapshot;
  const [failureText, failureNote] = noteValues(snapshot.failureMessage);
  const [cancelText, cancelNote] = noteValues(snapshot.cancelReason);
  return storableJson({
    run_id: snapshot.runId,
    execution_id: snapshot.executionId,
    version: snapshot.version,
    attempt: snapshot.attempt,
    status: snapshot.status,
    terminal_status: terminalStatus,
    failure_kind: snapshot.failureKind,
    failure_message: failureText,
    failure_note: failureNote,
    claimed_by: snapshot.claimedBy,
    thread_id: snapshot.threadId,
    cancel_requested_at: timeOf(snapshot.cancelRequestedAtMs),
    cancel_reason: cancelText,
    cancel_note: cancelNote,
    last_command_seq: snapshot.lastCommandSeq,
    finished_at: terminalStatus === null ? null : timeOf(snapshot.atMs),
    cancel_command_ids: snapshot.cancelCommandIds,
    session: sessionJson(snapshot),
    commands: snapshot.commands.map(commandJson),
    producer: MANAGER_PRODUCER,
    events: snapshot.events.map(eventJson),
    grant_runner_id: grant?.runnerId,
    grant_lease_ms: grant?.leaseMs,
    grant_version: grant?.version,
  });
}

function commandJson(command: CommandSnapshot): object {
  const [failureText, failureNote] = noteValues(command.failureMessage);
  return {
    id: command.id,
    seq: command.seq,
    type: command.type,
    state: command.state,
    attempt: command.attempt,
    failure_kind: command.failureKind,
    failure_message: failureText,
    failure_note: failureNote,
    thread_id: command.threadId,
    turn_id: command.turnId,
    superseded_by: command.supersededBy,
    payload_of: command.payloadOf,
    cancel_requested_at: timeOf(command.cancelRequestedAtMs),
    acknowledged_at: timeOf(command.acknowledgedAtMs),
    finished_at: timeOf(command.finishedAtMs),
    send_decision: command.send,
    version: command.version,
  };
}

/** Its payload is text within the text: an event's may hold what no text of PostgreSQL can, and is kept as it is. */
function eventJson({ number, type, payload, version }: ManagerEvent): object {
  return { number, type, payload: JSON.stringify(payload), command_id: commandIdOf({ payload }), version };
}

function storableJson(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? storableText(inner) : inner));
}
