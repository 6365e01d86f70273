import type { RunInput } from '../../src/domain/run-messages.js';
import type { CommandSnapshot, RunSnapshot } from '../../src/domain/run-snapshot.js';
import { isTaken, type LiveCommand, type RunData } from './run-data.js';

/** The run as the read model shall show it, with all that was not written yet. */
export function runSnapshot(input: RunInput, data: RunData, executionId: string): RunSnapshot {
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
