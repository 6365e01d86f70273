import type { CommandRecord } from '../contract/command.js';
import type { EventRecord } from '../contract/event.js';
import type { RunRecord } from '../contract/run.js';
import type { RunnerJobRecord } from '../contract/runner.js';
import type { SessionRecord } from '../contract/session.js';

/** A command as a board needs it: without what it says. */
export type CommandState = Omit<CommandRecord, 'payload'>;

/** Where a run's events and its lease are. Times in milliseconds since the epoch. */
export interface RunStanding {
  readonly runId: string;
  readonly lastSeq: number;
  readonly lastEventAtMs: number | null;
  /** Of a live lease, as in `LeaseView.expiresAtMs`. */
  readonly leaseExpiresAtMs: number | null;
}

/**
 * What a board of many tasks is made from. Each method is one statement, however much it is asked for, and its answer is bounded for
 * each id. What is not there is left out. All throw `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface BoardRecords {
  sessions(sessionIds: readonly string[], readerId: string): Promise<SessionRecord[]>;
  runs(runIds: readonly string[]): Promise<RunRecord[]>;
  /** Of each run the newest few and the oldest few that are open, and those that are named; by run in `seq` order. */
  commands(runIds: readonly string[], commandIds: readonly string[]): Promise<CommandState[]>;
  /** Of each run the newest `perRun`, by run and oldest first. Of a large one only its type and command. */
  newestEvents(runIds: readonly string[], perRun: number): Promise<EventRecord[]>;
  /** The same of commands. */
  newestEventsOfCommands(commandIds: readonly string[], perCommand: number): Promise<EventRecord[]>;
  standings(runIds: readonly string[]): Promise<RunStanding[]>;
  /** Of each run the Job of its current attempt. */
  currentJobs(runIds: readonly string[]): Promise<RunnerJobRecord[]>;
}
