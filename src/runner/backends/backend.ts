import type { ExecutionPolicy } from '../../contract/run.js';
import type { EventType } from '../../domain/event-types.js';
import type { RunFailureKind } from '../../domain/failure-kinds.js';
import type { TerminalStatus } from '../../domain/outcome.js';
import type { AgentProcesses } from '../agent-processes.js';

/** What the runner asks of an agent. One backend per kind; one thread per runner; one turn at a time. */
export interface Backend {
  readonly kind: string;
  readonly capabilities: BackendCapabilities;
  /**
   * Starts the agent and its thread, or resumes the one named.
   * @throws BackendError with the failure kind that the run then ends with.
   */
  open(options: OpenThread): Promise<AgentThread>;
}

export interface BackendCapabilities {
  readonly steer: boolean;
  readonly interrupt: boolean;
  /** A later process can go on with the thread. */
  readonly resume: boolean;
  /** Tells of tokens used. */
  readonly usage: boolean;
}

export interface OpenThread {
  /** The thread to go on with; null starts a new one. */
  readonly threadId: string | null;
  /** Exists. */
  readonly workspaceDir: string;
  /** Exists, on the volume, this backend's alone; what is there outlives the runner. */
  readonly stateDir: string;
  readonly policy: ExecutionPolicy;
  /** Where events go that belong to no turn. */
  readonly events: EventSink;
  /** The only way to start a process: it gets the agent's environment and is found again when the tree must end. */
  readonly processes: AgentProcesses;
}

export interface AgentThread {
  readonly threadId: string;
  /** False once the agent is gone, whatever ended it: the thread is then to be opened again. */
  readonly isAlive: boolean;
  /** Called only when no turn is live. Never throws: what goes wrong is the turn's outcome. */
  runTurn(request: TurnRequest): TurnHandle;
  /**
   * Ends the agent; a live turn's `done` settles before this does. `force` asks nothing of the agent and waits for
   * nothing of it. May be called again, also while an earlier call waits.
   */
  close(options: { force: boolean }): Promise<void>;
}

export interface TurnRequest {
  readonly commandId: string;
  /** Holds `prompt`. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** An earlier attempt took this command and did not finish it: the thread may know the prompt already. */
  readonly mayHaveBegun: boolean;
  readonly events: EventSink;
  /** The agent asks what nobody is there to decide, and has its answer: ends the turn as blocked with these words. */
  readonly onNeedsInput: (message: string) => void;
}

export interface TurnHandle {
  /** Resolves when the agent has taken the turn; never when the turn ends before. Never rejects. */
  readonly started: Promise<void>;
  /** Settles when the turn is over and all its events are emitted. Never rejects. */
  readonly done: Promise<TurnOutcome>;
  /**
   * Resolves on proof only; `too-late` when it certainly did not get there. Settles no later than `done`. Never
   * rejects.
   */
  steer(commandId: string, payload: Readonly<Record<string, unknown>>): Promise<'delivered' | 'too-late'>;
  /** Asks the agent to end the turn; `force` makes it end. Safe at any time. */
  interrupt(options: { force: boolean }): void;
}

export interface TurnOutcome {
  readonly status: TerminalStatus;
  readonly failureKind: RunFailureKind | null;
  /** For people; no secret in it. */
  readonly message: string | null;
  readonly turnId: string | null;
}

export interface AgentEvent {
  readonly type: EventType;
  readonly payload: Readonly<Record<string, unknown>>;
  /** A piece of flowing text: may be joined with the piece before it, where all but `text` is the same. */
  readonly flowing?: boolean;
}

/** Takes events in order. Like a stream: false means "pause your source until `drained` resolves". */
export interface EventSink {
  emit(event: AgentEvent): boolean;
  drained(): Promise<void>;
}

/** The agent could not be started or its thread not resumed. */
export class BackendError extends Error {
  override readonly name = 'BackendError';

  constructor(
    readonly failureKind: RunFailureKind,
    message: string,
  ) {
    super(message);
  }
}
