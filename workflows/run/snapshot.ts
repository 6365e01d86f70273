import type { RunInput } from '../../src/domain/run-messages.js';
import { newerThan, type CommandSnapshot, type RunSnapshot } from '../../src/domain/run-snapshot.js';
import { isTaken, type LiveCommand, type RunData } from './run-data.js';

/** The run as the read model shall show it, with all that is not known to be written. */
export function takeSnapshot(input: RunInput, data: RunData, executionId: string): RunSnapshot {
  stampUnwritten(data);
  const { status, attempt, claimedBy, outcome } = data.lifecycle;
  return {
    runId: input.runId,
    executionId,
    version: data.version,
    attempt,
    status,
    terminalStatus: outcome?.status ?? null,
    failureKind: outcome?.failureKind ?? null,
    failureMessage: outcome?.message ?? null,
    claimedBy,
    grant: data.unwritten.grant,
    threadId: data.threadId,
    cancelRequestedAtMs: data.cancel?.atMs ?? null,
    cancelReason: data.cancel?.reason ?? null,
    lastCommandSeq: data.lastCommandSeq,
    activeTurn: activeTurn(data),
    cancelCommandIds: data.commands.filter((command) => command.cancel !== null).map((command) => command.id),
    commands: latestOfEach(data.unwritten.commands),
    events: [...data.unwritten.events],
    atMs: Date.now(),
  };
}

/** Everything that a snapshot carries for the first time has its version from then on. */
function stampUnwritten(data: RunData): void {
  const { version, unwritten } = data;
  const stamped = <T extends { readonly version?: number }>(one: T) =>
    one.version === undefined ? { ...one, version } : one;
  data.unwritten = {
    commands: unwritten.commands.map(stamped),
    events: unwritten.events.map(stamped),
    grant: unwritten.grant && stamped(unwritten.grant),
  };
}

/** No longer carries what the snapshot of this version carried: it is written. */
export function dropWritten(data: RunData, writtenVersion: number): void {
  const { commands, events, grant } = newerThan(writtenVersion, data.unwritten);
  data.unwritten = { commands: [...commands], events: [...events], grant };
}

export function commandSnapshot(command: LiveCommand): CommandSnapshot {
  const { lifecycle } = command;
  return {
    id: command.id,
    seq: command.seq,
    type: lifecycle.type,
    state: lifecycle.state,
    attempt: lifecycle.acknowledgedBy,
    failureKind: lifecycle.outcome?.failureKind ?? null,
    failureMessage: lifecycle.outcome?.message ?? null,
    threadId: command.threadId,
    turnId: command.turnId,
    supersededBy: null,
    payloadOf: command.payloadOf,
    cancelRequestedAtMs: command.cancel?.atMs ?? null,
    acknowledgedAtMs: command.acknowledgedAtMs,
    finishedAtMs: null,
    ...(command.send && { send: command.send }),
  };
}

function activeTurn(data: RunData): RunSnapshot['activeTurn'] {
  const turns = data.commands.filter(({ lifecycle }) => lifecycle.type === 'turn');
  const taken = turns.find((turn) => isTaken(data, turn));
  const next = taken ?? turns[0];
  return next === undefined ? null : { commandId: next.id, taken: taken !== undefined };
}

function latestOfEach(snapshots: readonly CommandSnapshot[]): CommandSnapshot[] {
  return snapshots.filter((one, index) => snapshots.findLastIndex((other) => other.id === one.id) === index);
}
