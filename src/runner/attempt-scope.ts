/** Why a runner's attempt ended for it. */
export type AttemptEnd =
  /** The run has its terminal word: the runner's own, or somebody else's. */
  | 'run-ended'
  /** Somebody else holds the attempt, or will: nothing more may be done. */
  | 'attempt-over'
  /** The workspace or the agent could not be had; the run was ended with that. */
  | 'start-failed'
  /** The runner was told to end (SIGTERM); what is open is for the next attempt. */
  | 'terminated'
  /** The manager did not answer for longer than the runner waits. */
  | 'abandoned'
  /** A fault of the runner itself. */
  | 'broken';

/** The life of one attempt: the first end counts, and everything that waits lets go. */
export class AttemptScope {
  readonly signal: AbortSignal;
  readonly ended: Promise<AttemptEnd>;
  readonly #controller = new AbortController();
  #resolve!: (end: AttemptEnd) => void;

  constructor() {
    this.signal = this.#controller.signal;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
  }

  get isOver(): boolean {
    return this.signal.aborted;
  }

  end(why: AttemptEnd): void {
    if (this.isOver) return;
    this.#controller.abort(new Error(`the attempt is over: ${why}`));
    this.#resolve(why);
  }
}
