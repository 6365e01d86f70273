import type { CommandType } from '../domain/command-lifecycle.js';
import type { CommandRecord } from '../contract/command.js';
import type { RunRecord } from '../contract/run.js';
import type { ProjectionResult, RunSnapshot } from '../domain/run-snapshot.js';
import type { RunStatus } from '../domain/run-lifecycle.js';
import type { Reservation } from './reservation.js';
import type { RunnerJobRequest } from './runner-job-store.js';

/** Which tenants a reader may see. */
export type TenantScope = 'all' | readonly string[];

/** Everything of a run that its creator chose, and its address in Temporal. */
export interface RunDraft extends Pick<
  RunRecord,
  | 'id'
  | 'tenantId'
  | 'projectId'
  | 'providerId'
  | 'backendProfile'
  | 'sessionRef'
  | 'workspaceRef'
  | 'executionPolicy'
  | 'retryPolicy'
  | 'metadata'
  | 'workflowId'
  | 'traceId'
> {}

export interface CommandDraft {
  readonly id: string;
  readonly runId: string;
  readonly type: CommandType;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What a run is opened with; drafted in the same transaction. */
export interface OpeningDraft {
  readonly turn: Omit<CommandDraft, 'runId' | 'type'>;
  readonly runnerJob: RunnerJobRequest | null;
}

/** What a draft found: a new thing, or the one that an earlier request with the same key made (perhaps still a draft). */
export interface Drafted {
  readonly id: string;
  readonly opened: boolean;
}

export interface RunFilter {
  readonly tenants: TenantScope;
  readonly tenantId?: string;
  readonly status?: RunStatus;
  readonly sessionId?: string;
  /** Only those without an end. */
  readonly isOpen?: true;
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * Read models of runs and commands. A draft is invisible to every read until its workflow has projected it once:
 * what was never accepted was never there. All methods throw `unavailable('database')` when PostgreSQL cannot be reached.
 */
export interface RunStore {
  /**
   * Drafts a run, with its first turn and the Job that is asked for it where given.
   * @throws idempotency-conflict when the key was used with another body.
   */
  draftRun(draft: RunDraft, reservation?: Reservation, opening?: OpeningDraft): Promise<Drafted>;
  /** The id of what was drafted with this key before. */
  findReserved(reservation: Reservation): Promise<string | undefined>;
  /** Takes back a draft that was refused, with its reservation. Does nothing to an opened run. */
  dropRunDraft(runId: string): Promise<void>;
  /** The request that drafted it has gone without an answer. Its workflow may open it yet, but it holds nothing any more. */
  leaveRunDraft(runId: string): Promise<void>;
  /** @throws idempotency-conflict when the key was used with another body. */
  draftCommand(draft: CommandDraft, reservation?: Reservation): Promise<Drafted>;
  dropCommandDraft(commandId: string): Promise<void>;
  /** Of these, the commands that no run has taken. */
  findCommandDrafts(commandIds: readonly string[]): Promise<string[]>;
  /** Keeps words from outside, about a run or a task, beside its history instead of in it; answers the note's id. */
  writeNote(ownerId: string, text: string): Promise<string>;

  getRun(runId: string, tenants: TenantScope): Promise<RunRecord | undefined>;
  /** Newest first. A cursor that this list did not make is `schema-invalid`. */
  listRuns(filter: RunFilter): Promise<{ items: RunRecord[]; nextCursor?: string }>;
  /** Of the volume that a run works on: its session's, that of the warm runner that it took, or its own. The one place that knows. */
  volumeName(runId: string): Promise<string>;
  getCommand(commandId: string, tenants: TenantScope): Promise<CommandRecord | undefined>;
  getCommandWithRun(
    commandId: string,
    tenants: TenantScope,
  ): Promise<{ command: CommandRecord; run: RunRecord } | undefined>;
  /** In `seq` order. */
  listCommands(query: { runId: string; afterSeq: number; limit: number; openOnly: boolean }): Promise<CommandRecord[]>;
  /** What a long-polling runner must learn besides new commands. */
  getCancelMarks(runId: string): Promise<{ cancelRequestedAt: string | null; cancelCommandIds: string[] }>;

  /**
   * Writes a workflow's state; a snapshot that is not newer changes nothing. Wakes those who wait for it. `tell` is called once, with
   * what was not there before, when something was written.
   */
  projectRun(snapshot: RunSnapshot, tell?: (news: RunSnapshot) => void): Promise<ProjectionResult>;
  /** The version of this execution that the read models show; 0 where they show none of it. Wakes those who wait for the run. */
  writtenVersion(of: { runId: string; executionId: string }): Promise<number>;
  /**
   * Ends a run whose workflow is gone for good, with its open commands, as `failed`/`infra-failed` with this message, and
   * fences its attempt. No snapshot of the workflow is written any more. Does nothing to a draft or a run that has ended.
   */
  closeOrphan(runId: string, message: string): Promise<void>;
}
