import type { CommandLifecycle } from '../../src/domain/command-lifecycle.js';
import type { NoteRef, Outcome } from '../../src/domain/outcome.js';
import { newRun, type RunLifecycle } from '../../src/domain/run-lifecycle.js';
import type { RunInput } from '../../src/domain/run-messages.js';
import type { CommandEnded } from '../../src/domain/task-messages.js';
import type { CommandSnapshot, ManagerEvent, RunSnapshot, SendDecision } from '../../src/domain/run-snapshot.js';

/** All that a run's workflow knows, as plain JSON: it is carried over continue-as-new. Times are epoch milliseconds of workflow time. */
export interface RunData {
  lifecycle: RunLifecycle;
  /** Grows with every change; orders projections. */
  version: number;
  /** Open commands in order of acceptance. Ended ones live in the read model. */
  commands: LiveCommand[];
  lastCommandSeq: number;
  /** The newest commands ever added, so that a repeated request adds none twice. */
  added: { id: string; seq: number }[];
  lastTurn: Outcome | null;
  threadId: string | null;
  cancel: { atMs: number; reason: NoteRef | null } | null;
  job: JobData;
  /** Since when this attempt waits for a runner; null while one holds it. */
  waitingSinceMs: number | null;
  /** Since when no command is open; null while one is. */
  quietSinceMs: number | null;
  /** When the lease was last known to live. */
  leaseSeenAtMs: number;
  /** An attempt whose lease somebody reported as over; the database has the word. */
  leaseDoubt: number | null;
  /** Number of the manager's newest event. */
  eventNumber: number;
  /** What is not known to be written to the read model: every snapshot carries it. */
  unwritten: Unwritten;
  /** Ends of commands that their tasks have not been told of. What an earlier version carried over lacks it. */
  untold?: CommandEnded[];
  /** The newest commands that nobody had written down, so that they were taken back. Absent where there was none. */
  forgotten?: string[];
}

export interface LiveCommand {
  id: string;
  seq: number;
  lifecycle: CommandLifecycle;
  threadId: string | null;
  turnId: string | null;
  payloadOf: string | null;
  acknowledgedAtMs: number | null;
  /** Last sign of life seen in its events. */
  activeAtMs: number | null;
  /** Its time limit ends no earlier: while the API was away its runner could not say that it had ended. */
  limitNotBeforeMs?: number;
  cancel: { atMs: number; reason: NoteRef | null; outcome?: Outcome } | null;
  /** Where it came by a send. */
  send?: SendDecision;
  /** The task that is told of its end. */
  taskId?: string;
}

export interface JobData {
  /** Somebody asked for a Job: every further attempt gets one too. */
  wanted: boolean;
  /** The attempt somebody asked a Job for last: it gets one even with nothing to do yet. */
  askedFor: number | null;
  /** A launch or a stop that runs beside everything else; never carried over continue-as-new. */
  underWay: 'launching' | 'stopping' | null;
  /** The newest attempt a Job was launched for. */
  launchedFor: number | null;
  launchedAtMs: number | null;
  /** Not before this time (backoff). */
  notBeforeMs: number;
  /** The Job of this attempt must be gone before the next one is launched. */
  stopFirst: number | null;
  exited: ExitedJob | null;
}

export interface ExitedJob {
  attempt: number;
  reason: string;
  exitCode: number | null;
  /** Its runner gave up for want of an API, which was still away: whether it is there again is asked then. */
  heldUntilMs?: number;
}

export interface Unwritten {
  commands: CommandSnapshot[];
  events: ManagerEvent[];
  grant: RunSnapshot['grant'];
}

function nothingUnwritten(): Unwritten {
  return { commands: [], events: [], grant: null };
}

/** The live attempt's runner works on it. */
export function isTaken({ lifecycle: { attempt, claimedBy } }: RunData, command: LiveCommand): boolean {
  return claimedBy !== null && command.lifecycle.acknowledgedBy === attempt;
}

/** Something for an agent to do, as against something to stop doing. */
export function isWork({ lifecycle }: LiveCommand): boolean {
  return lifecycle.type !== 'interrupt';
}

export function newRunData(input: RunInput, nowMs: number): RunData {
  return {
    lifecycle: newRun(input.policy.maxAttempts),
    version: 1,
    commands: [],
    lastCommandSeq: 0,
    added: [],
    lastTurn: null,
    threadId: null,
    cancel: null,
    job: {
      wanted: false,
      askedFor: null,
      underWay: null,
      launchedFor: null,
      launchedAtMs: null,
      notBeforeMs: 0,
      stopFirst: null,
      exited: null,
    },
    waitingSinceMs: nowMs,
    quietSinceMs: nowMs,
    leaseSeenAtMs: nowMs,
    leaseDoubt: null,
    eventNumber: 0,
    unwritten: nothingUnwritten(),
  };
}
