import type { AgentEvent, TurnHandle, TurnOutcome, TurnRequest } from '../backend.js';
import type { NeedsInput } from './approvals.js';
import { AppServerError, type AppServer } from './app-server.js';
import { lastMessage, type KnownTurn } from './history.js';
import type { CodexErrorInfo, CodexTurnRecord, Notification, TurnError } from './protocol.js';
import { textInput } from './protocol.js';
import { SteerBox } from './steer-box.js';
import type { TurnStory } from './turn-story.js';

/** What a turn needs of its thread. */
export interface TurnPorts {
  readonly server: AppServer;
  readonly threadId: string;
  /** Overrides of the thread's settings for each turn. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly emit: (events: readonly AgentEvent[]) => void;
  /** The turn of an earlier runner that had this command. */
  readonly findTurn: () => Promise<KnownTurn | undefined>;
  /** Resolves when it is on the disk that the thread has begun. */
  readonly begin: () => Promise<void>;
  readonly openStory: (turnId: string, promptOrigin: string | undefined) => TurnStory;
  readonly failure: (error: TurnError | null) => Pick<TurnOutcome, 'failureKind' | 'message'>;
  /** Ends what the turn's commands left running. */
  readonly endCommands: (story: TurnStory) => Promise<void>;
  /** Makes codex end. */
  readonly kill: () => void;
}

const GO_ON =
  'You were stopped in the middle of this turn, because the program that runs you was restarted. Look at what is already ' +
  'done, and go on with the task from there; do not begin it anew.';

/** From asking codex to end the turn until it is made to. */
const GIVE_UP_MS = 5_000;

/** One turn of codex, from its prompt until codex tells its end or is gone. */
export class CodexTurn implements TurnHandle {
  readonly started: Promise<void>;
  readonly done: Promise<TurnOutcome>;
  #markStarted!: () => void;
  #settle!: (end: CodexTurnRecord | string) => void;
  readonly #over: Promise<CodexTurnRecord | string>;
  readonly #steers: SteerBox;
  #turnId: string | null = null;
  #story: TurnStory | null = null;
  #isBlocked = false;
  #isInterrupted = false;
  #givenUp: Pick<TurnOutcome, 'failureKind' | 'message'> | null = null;
  #isAsked = false;
  #goesOn = false;
  #isExpected = false;
  #death: string | null = null;

  constructor(
    private readonly request: TurnRequest,
    private readonly ports: TurnPorts,
  ) {
    this.started = new Promise((resolve) => (this.#markStarted = resolve));
    this.#over = new Promise((resolve) => (this.#settle = resolve));
    this.#steers = new SteerBox(ports.server, ports.threadId);
    this.done = this.#run().finally(() => this.#steers.close());
  }

  get turnId(): string | null {
    return this.#turnId;
  }

  steer(commandId: string, payload: Readonly<Record<string, unknown>>): Promise<'delivered' | 'too-late'> {
    return this.#steers.deliver(commandId, promptOf(payload));
  }

  interrupt({ force }: { force: boolean }): void {
    this.#isInterrupted = true;
    if (force) this.ports.kill();
    else if (this.#isAsked) void this.#askForEnd();
  }

  /** Nobody is there to decide: the turn ends with that. */
  block(needsInput: NeedsInput): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    this.tell({ phase: 'needs-input', ...needsInput });
    this.request.onNeedsInput(needsInput.message);
  }

  /** The turn ends as failed with this, unless it ends by itself first. */
  giveUp(reason: Pick<TurnOutcome, 'failureKind' | 'message'>): void {
    if (this.#givenUp) return;
    this.#givenUp = reason;
    void this.#askForEnd();
    const timer = setTimeout(() => this.ports.kill(), GIVE_UP_MS);
    void this.#over.then(() => clearTimeout(timer));
  }

  /** A `backend_status` of this turn. */
  tell(payload: Readonly<Record<string, unknown>>): void {
    const { commandId } = this.request;
    const facts = { commandId, threadId: this.ports.threadId, turnId: this.#turnId };
    this.ports.emit([{ type: 'backend_status', payload: { ...facts, ...payload } }]);
  }

  /** True when the notification is this turn's. */
  take(notification: Notification, turnId: string): boolean {
    const isFirst = this.#isAsked && this.#turnId === null && notification.method === 'turn/started';
    if (!isFirst && this.#turnId !== turnId) return false;
    const story = this.#storyOf(turnId);
    if (notification.method === 'turn/started') this.#begun();
    this.ports.emit(story.take(notification));
    if (notification.method.startsWith('item/')) this.#steers.see(notification);
    if (notification.method === 'turn/completed') this.#settle(notification.params['turn'] as CodexTurnRecord);
    return true;
  }

  /** Codex is gone; `reason` says how. Expected: we made it go. */
  died(reason: string, { isExpected }: { isExpected: boolean }): void {
    this.#isExpected = isExpected;
    this.#death = reason;
    this.#settle(reason);
  }

  async #run(): Promise<TurnOutcome> {
    try {
      const known = this.request.mayHaveBegun ? await this.ports.findTurn() : undefined;
      this.#steers.remember(known?.clientIds ?? []);
      if (known?.turn.status === 'completed' || known?.turn.status === 'failed') return this.#repeat(known.turn);
      await this.ports.begin();
      if (this.#isInterrupted) return INTERRUPTED;
      await this.#ask(known !== undefined);
      return await this.#end(await this.#over);
    } catch (error) {
      return this.#notRun(error as Error);
    }
  }

  async #ask(goesOn: boolean): Promise<void> {
    const { server, threadId, settings } = this.ports;
    const text = goesOn ? GO_ON : promptOf(this.request.payload);
    this.#isAsked = true;
    this.#goesOn = goesOn;
    const asked = { threadId, clientUserMessageId: this.request.commandId, input: textInput(text), ...settings };
    const answer = server.request<{ turn: CodexTurnRecord }>('turn/start', asked);
    // A codex that dies meanwhile is told of by `died`, with more to say.
    const { turn } = await Promise.race([answer, this.#over.then((end) => ({ turn: diedBefore(end) }))]);
    this.#storyOf(turn.id);
    if (this.#isInterrupted || this.#givenUp) void this.#askForEnd();
  }

  #storyOf(turnId: string): TurnStory {
    this.#turnId = turnId;
    return (this.#story ??= this.ports.openStory(turnId, this.#goesOn ? 'runner' : undefined));
  }

  #begun(): void {
    this.#markStarted();
    if (this.#turnId !== null) this.#steers.open(this.#turnId);
  }

  async #end(end: CodexTurnRecord | string): Promise<TurnOutcome> {
    this.#steers.close();
    const isDead = typeof end === 'string';
    const endedByUs = isDead || end.status === 'interrupted';
    if (endedByUs) this.#story?.interrupt();
    if (this.#story && endedByUs && !isDead) await this.ports.endCommands(this.#story);
    const outcome = isDead ? this.#diedAs(end) : this.#outcomeOf(end);
    const isNews = outcome.status === 'failed' && !this.#isExpected && this.#story?.toldError !== outcome.message;
    const { failureKind, message } = outcome;
    const error = { ...this.#facts(), message, failureKind, willRetry: false };
    this.ports.emit([
      ...(this.#story?.end({ isDead }) ?? []),
      ...(isNews ? [{ type: 'error' as const, payload: error }] : []),
    ]);
    return outcome;
  }

  #outcomeOf({ status, error }: CodexTurnRecord): TurnOutcome {
    const turnId = this.#turnId;
    if (status === 'completed') return { status, failureKind: null, message: null, turnId };
    if (status === 'interrupted' && this.#isInterrupted) return { ...INTERRUPTED, turnId };
    if (this.#givenUp) return { status: 'failed', ...this.#givenUp, turnId };
    if (status === 'failed') return { status, ...this.ports.failure(error), turnId };
    const message = 'codex broke the turn off without being asked to';
    return { status: 'failed', failureKind: 'backend-failed', message, turnId };
  }

  #diedAs(reason: string): TurnOutcome {
    if (this.#isInterrupted) return { ...INTERRUPTED, turnId: this.#turnId };
    const died = this.#givenUp ?? { failureKind: 'backend-failed' as const, message: reason };
    return { status: 'failed', ...died, turnId: this.#turnId };
  }

  /** An earlier runner had it to its end and could not tell: what came of it is told again, and nothing done again. */
  #repeat(turn: CodexTurnRecord): TurnOutcome {
    this.#turnId = turn.id;
    this.#markStarted();
    const said = lastMessage(turn);
    const payload = { ...this.#facts(), text: said?.text, itemId: said?.id, status: 'completed', repeated: true };
    if (said) this.ports.emit([{ type: 'assistant_message', payload }]);
    return this.#outcomeOf(turn);
  }

  #notRun(error: Error): TurnOutcome {
    // It may run after all; what is said next must not fall into it.
    if (this.#isAsked && this.#death === null && !(error instanceof AppServerError)) this.ports.kill();
    if (this.#isInterrupted) return { ...INTERRUPTED, turnId: this.#turnId };
    const failed = this.ports.failure({
      message: this.#death ?? error.message,
      codexErrorInfo: NO_WORD,
      additionalDetails: null,
    });
    const outcome = { status: 'failed' as const, ...failed, turnId: this.#turnId };
    const { message, failureKind } = failed;
    const payload = { ...this.#facts(), message, failureKind, willRetry: false };
    if (!this.#isExpected) this.ports.emit([{ type: 'error', payload }]);
    return outcome;
  }

  async #askForEnd(): Promise<void> {
    const { server, threadId } = this.ports;
    if (this.#turnId === null) return;
    // Refused when the turn is just over, and lost with a codex that is gone: either way it ends.
    await server.request('turn/interrupt', { threadId, turnId: this.#turnId }).catch(() => {});
  }

  #facts(): Record<string, unknown> {
    return { commandId: this.request.commandId, threadId: this.ports.threadId, turnId: this.#turnId };
  }
}

const NO_WORD: CodexErrorInfo | null = null;
const INTERRUPTED: TurnOutcome = {
  status: 'cancelled',
  failureKind: 'cancelled',
  message: 'interrupted',
  turnId: null,
};

function promptOf(payload: Readonly<Record<string, unknown>>): string {
  return typeof payload['prompt'] === 'string' ? payload['prompt'] : '';
}

function diedBefore(end: CodexTurnRecord | string): CodexTurnRecord {
  if (typeof end === 'string') throw new Error(end);
  return end;
}
