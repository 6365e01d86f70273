import type {
  AckCommand,
  AddCommand,
  AddCommandAnswer,
  CancelCommand,
  CancelRun,
  ClaimRun,
  ClaimRunAnswer,
  FinishCommand,
  FinishRun,
  OpenRunAnswer,
  RequestRunnerJob,
  RunInput,
  RunStateView,
  SendToSession,
  SendToSessionAnswer,
} from '../domain/run-messages.js';
import type { RunHistory } from '../domain/run-history.js';

/** Where a run's workflow is. */
export interface RunAddress {
  readonly workflowId: string;
  /** Called when an update is answered, while what it decided is being written: the next one may be sent. */
  readonly onDecided?: () => void;
}

/**
 * The only way to a run's workflow. A method resolves when the workflow has decided and its projection is written.
 * @throws RunRefused when the workflow says no, or is closed (`run-terminal`), or runs another run (`run-not-here`);
 * unavailable('temporal') within about 1.5 s when Temporal is down, and after 10 s without an answer; unavailable('database') when what was
 * decided could not be written: the decision stands, and a repeat is answered with it.
 * Every method may be repeated: update ids derive from the message.
 */
export interface RunGateway {
  openRun(address: RunAddress, input: RunInput): Promise<OpenRunAnswer>;
  /** Hands commands to the live run of a session, else starts this one with them; answers which it did not take. @throws RunRefused `run-terminal` when `input`'s run is over. */
  sendToSession(address: RunAddress, input: RunInput, message: SendToSession): Promise<SendToSessionAnswer>;
  /** As `sendToSession`, and starts nothing. @throws RunRefused `run-terminal` when no run of the session lives. */
  sendToLiveRun(address: RunAddress, message: SendToSession): Promise<SendToSessionAnswer>;
  claimRun(address: RunAddress, message: ClaimRun): Promise<ClaimRunAnswer>;
  addCommand(address: RunAddress, message: AddCommand): Promise<AddCommandAnswer>;
  ackCommand(address: RunAddress, message: AckCommand): Promise<void>;
  finishCommand(address: RunAddress, message: FinishCommand): Promise<void>;
  cancelCommand(address: RunAddress, message: CancelCommand): Promise<void>;
  finishRun(address: RunAddress, message: FinishRun): Promise<void>;
  cancelRun(address: RunAddress, message: CancelRun): Promise<void>;
  requestRunnerJob(address: RunAddress, message: RequestRunnerJob): Promise<void>;
  /** Whether a workflow lives that could still end this run: it is open, and not that of another run of the session. */
  isLive(address: RunAddress, runId: string): Promise<boolean>;
  /** Whether Temporal has, or still remembers, any workflow by this id. */
  isKnown(address: RunAddress): Promise<boolean>;
  queryRunState(address: RunAddress): Promise<RunStateView>;
  /**
   * What Temporal keeps of the run's newest execution, or its end where that is long; undefined where it keeps nothing.
   * @throws unavailable('temporal') within about two seconds.
   */
  readHistory(address: RunAddress, runId: string): Promise<RunHistory | undefined>;
  ready(): Promise<{ ready: boolean; message?: string }>;
}
