import type { CommandState, CommandType } from './command-lifecycle.js';
import type { EventType } from './event-types.js';
import type { FailureKind } from './failure-kinds.js';
import type { NoteRef, TerminalStatus } from './outcome.js';
import type { RunStatus } from './run-lifecycle.js';

/**
 * A run as its workflow knows it, on its way to the read models. Times are milliseconds since the epoch.
 * It carries everything that its workflow does not know to be written, each with the version it came with: whoever writes it, in
 * whatever order and however often, what is there by then is written once and nothing moves back.
 */
export interface RunSnapshot {
  readonly runId: string;
  /** The first execution of the workflow that owns the run; a snapshot of another execution is refused. */
  readonly executionId: string;
  /** Grows with every change of the run's state, over attempts and continue-as-new. */
  readonly version: number;
  readonly attempt: number;
  readonly status: RunStatus;
  readonly terminalStatus: TerminalStatus | null;
  readonly failureKind: FailureKind | null;
  readonly failureMessage: NoteRef | null;
  readonly claimedBy: string | null;
  /** A claim that is not known to be written: the attempt's lease begins (again) when it first is. */
  readonly grant: LeaseGrant | null;
  readonly threadId: string | null;
  readonly cancelRequestedAtMs: number | null;
  readonly cancelReason: NoteRef | null;
  readonly lastCommandSeq: number;
  /** The turn that is worked on, else the one that is next; null when none is open. An earlier version's snapshot lacks it. */
  readonly activeTurn?: { readonly commandId: string; readonly taken: boolean } | null;
  /** Open commands that the runner must stop. */
  readonly cancelCommandIds: readonly string[];
  /** Commands changed since the last snapshot that is known to be written. */
  readonly commands: readonly CommandSnapshot[];
  /** What the manager itself has to tell in the run's events. */
  readonly events: readonly ManagerEvent[];
  readonly atMs: number;
}

/** The version of the first snapshot that carried it; absent where its workflow began in an earlier release. */
interface Versioned {
  readonly version?: number;
}

export interface LeaseGrant extends Versioned {
  readonly runnerId: string;
  readonly leaseMs: number;
}

export interface CommandSnapshot extends Versioned {
  readonly id: string;
  readonly seq: number;
  readonly type: CommandType;
  readonly state: CommandState;
  readonly attempt: number | null;
  readonly failureKind: FailureKind | null;
  readonly failureMessage: NoteRef | null;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly supersededBy: string | null;
  /** A command the workflow made itself takes its payload from this one. */
  readonly payloadOf: string | null;
  readonly cancelRequestedAtMs: number | null;
  readonly acknowledgedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Where it came by a send to the session: what was decided, and what the run was doing then. */
  readonly send?: SendDecision;
}

/** Why a send became what it is. */
export interface SendDecision {
  readonly decision: 'steer' | 'turn';
  /** The turn that was running when it came; null when none was. */
  readonly activeBefore: {
    readonly commandId: string;
    readonly commandState: CommandState;
    readonly runStatus: RunStatus;
  } | null;
  /** The run was made for it. */
  readonly startedRun?: boolean;
}

/** Numbered by the workflow from 1 over the run's whole life, so that a repeated projection adds nothing twice. */
export interface ManagerEvent extends Versioned {
  readonly number: number;
  readonly type: EventType;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The producer name under which the manager's own events are numbered. */
export const MANAGER_PRODUCER = 'manager';

/** `stale`: the read model was as new already. `foreign`: the run belongs to another execution, and nothing was written. */
export type ProjectionResult = 'written' | 'stale' | 'foreign';

/** What became of a snapshot that went along with other work. `refused`: it can never be written as it is, and its workflow is to meet why. */
export type CarriedResult = ProjectionResult | 'refused';

type Pieces = Pick<RunSnapshot, 'commands' | 'events' | 'grant'>;

/**
 * Of what a snapshot carries, what one of this version did not. What an earlier release carried says no version: it was written one
 * snapshot after another, each with what came since.
 */
export function newerThan(version: number, { commands, events, grant }: Pieces): Pieces {
  const isNewer = (one: Versioned) => one.version === undefined || one.version > version;
  return {
    commands: commands.filter(isNewer),
    events: events.filter(isNewer),
    grant: grant !== null && isNewer(grant) ? grant : null,
  };
}
