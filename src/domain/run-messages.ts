import type { CommandType } from './command-lifecycle.js';
import type { Outcome, NoteRef } from './outcome.js';
import type { RunRefusalType } from './refusals.js';
import type { RunSnapshot } from './run-snapshot.js';

/** What is said to a run's workflow, and what it answers. Ids, numbers and words of ours only: no prompt and no output passes through. */

/** Every message names its run: a session's workflow id outlives runs, and a message for an earlier one must not touch the live one. */
export interface ToRun extends FromSender {
  readonly runId: string;
}

/** What every update of a run's workflow may say beside its message. */
export interface FromSender {
  /** Its sender writes the snapshot that the answer carries, before it answers in turn. Otherwise the workflow writes it before it answers. */
  readonly senderWrites?: true;
}

/** The answer to an update. */
export type Answer<A = object> = A & {
  /** What its sender has to write; absent where that is written already. */
  readonly snapshot?: RunSnapshot;
};

/** A runner's identity as far as the writer gave it; what is given is enforced, nothing given is an operator's override. */
export interface Writer {
  readonly attempt?: number;
  readonly runnerId?: string;
}

/** Limits and waits of one run, in milliseconds. */
export interface RunPolicy {
  readonly maxAttempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** From a turn's ack. */
  readonly turnTimeoutMs: number;
  /** Without an event within a turn. */
  readonly idleTimeoutMs: number;
  /** The runner enforces a turn's limits; the workflow ends the attempt when it has not done so this long after. */
  readonly limitGraceMs: number;
  /** From asking for a Job until its runner has claimed. */
  readonly startDeadlineMs: number;
  /** A run nobody ever asked a Job for waits this long for a claim. */
  readonly unclaimedTtlMs: number;
  /** From a cancel until the runner is stopped by force. */
  readonly cancelGraceMs: number;
  /** A run that lost its runner between turns ends this long after its last turn, if no command comes. */
  readonly runnerIdleTimeoutMs: number;
  /** How often the workflow itself looks at the lease, should the monitor be gone. */
  readonly leaseBackstopMs: number;
  /** How long a Job may take to end after its run did. */
  readonly jobStopGraceMs: number;
}

/** A first turn that was drafted with the run, and whether a runner Job is wanted for it. */
export interface RunOpening {
  /** `taskId`: the task that is told of its end. */
  readonly turn: { readonly commandId: string; readonly taskId?: string };
  readonly runnerJob: boolean;
}

/** What a run's workflow starts with. */
export interface RunInput {
  readonly runId: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly sessionId: string | null;
  readonly backendProfile: string;
  /** Decides nothing: it is told beside the others. */
  readonly providerId?: string;
  readonly policy: RunPolicy;
  /** True where the run ends with its first turn (a task, a validation). */
  readonly endsWithTurn: boolean;
  /** What it has to do from its first moment, decided with its being there. */
  readonly opening?: RunOpening;
  /** The command, sent to its session, that it was made for. */
  readonly startedFor?: string;
  /** Continue as new at this many history events, where Temporal does not suggest it sooner. */
  readonly continueAsNewAtEvents?: number;
}

export type OpenRunAnswer = { readonly opened: true } | { readonly opened: false; readonly activeRunId: string };

export interface ClaimRun extends ToRun {
  readonly runnerId: string;
  readonly leaseMs: number;
  readonly attempt?: number;
}
export interface ClaimRunAnswer {
  readonly attempt: number;
}

export interface AddCommand extends ToRun {
  readonly commandId: string;
  readonly type: CommandType;
}
export interface AddCommandAnswer {
  readonly seq: number;
}

/** What was sent to a session, for whichever run of it is live. */
export interface SendToSession extends FromSender {
  readonly sends: readonly SentCommand[];
  /** An attempt whose lease its sender has seen run out: nothing is steered into its turn. */
  readonly leaseOver: { readonly runId: string; readonly attempt: number } | null;
}

export interface SentCommand {
  readonly commandId: string;
  /** Whether a run without a runner gets one for it. */
  readonly runnerJob: boolean;
  /** Sent for the first time; otherwise an earlier run of the session may have had it. */
  readonly fresh: boolean;
  /** A task's: always a turn of its own, and the task is told of its end. */
  readonly taskId?: string;
}

/** The run that has what was sent; what became of each is in its command's record. */
export interface SendToSessionAnswer {
  readonly runId: string;
  /** What it did not take, each with why; absent where it took all. */
  readonly refused?: readonly RefusedSend[];
}

export interface RefusedSend {
  readonly commandId: string;
  readonly type: RunRefusalType;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface AckCommand extends ToRun, Writer {
  readonly commandId: string;
  readonly threadId?: string;
}

export interface FinishCommand extends ToRun, Writer {
  readonly commandId: string;
  readonly outcome: Outcome;
  readonly threadId?: string;
  readonly turnId?: string;
  /** A steer that found no turn to go into. */
  readonly tooLate?: boolean;
}

export interface CancelCommand extends ToRun {
  readonly commandId: string;
  readonly reason: NoteRef | null;
  /** How it ends when it has stopped; `cancelled` unless given. */
  readonly outcome?: Outcome;
}

export interface FinishRun extends ToRun, Writer {
  readonly outcome: Outcome;
  readonly threadId?: string;
  /** The newest command the runner saw; a newer one refuses the finish. */
  readonly lastCommandSeq?: number;
}

export interface CancelRun extends ToRun {
  readonly reason: NoteRef | null;
}

export interface RequestRunnerJob extends ToRun {
  /** Derived from run and attempt; a Job for an attempt that is over is refused. */
  readonly jobId: string;
  readonly attempt: number;
}

/** What its sender could not write: the workflow is to. */
export interface WriteDown extends ToRun {
  /** Those that the sender would know the fate of. */
  readonly commandIds: readonly string[];
}
export interface WriteDownAnswer {
  /** Of these commands, those that were forgotten, since nobody had written them down. */
  readonly forgotten: readonly string[];
}

/** Signal: the lease of this attempt seems to be over. The workflow asks the database before it believes it. */
export interface LeaseExpired extends ToRun {
  readonly attempt: number;
}

/** Signal: the attempt's Job ended, in the platform's words. */
export interface RunnerExited extends ToRun {
  readonly attempt: number;
  readonly reason: string;
  readonly exitCode: number | null;
}

/** Answer of the state query, for operators. */
export interface RunStateView {
  readonly runId: string;
  readonly status: string;
  readonly attempt: number;
  readonly version: number;
  readonly claimedBy: string | null;
  readonly openCommands: readonly { id: string; seq: number; type: CommandType; state: string }[];
  readonly phase: string;
}
