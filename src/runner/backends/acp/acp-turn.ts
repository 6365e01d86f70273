import { methods, type PromptResponse, type SessionUpdate } from '@agentclientprotocol/sdk';
import type { AgentEvent, TurnHandle, TurnOutcome, TurnRequest } from '../backend.js';
import { AgentGone, type AgentConnection } from './agent-connection.js';
import { failureOfError, failureOfStop } from './failure.js';
import type { NeedsInput } from './permissions.js';
import { SteerBox } from './steer-box.js';
import type { TurnStory } from './turn-story.js';

/** What a turn needs of its thread. */
export interface TurnPorts {
  readonly connection: AgentConnection;
  readonly threadId: string;
  readonly takesSteers: boolean;
  readonly story: TurnStory;
  readonly emit: (events: readonly AgentEvent[]) => void;
  /** An earlier runner sent this command's prompt, as far as the volume knows. */
  readonly wasAsked: boolean;
  /** Resolves when it is on the disk that the prompt is sent. */
  readonly begin: () => Promise<void>;
  /** Cuts credentials out of words from outside. */
  readonly redact: (text: string) => string;
  /** How an agent that is gone went, with its last words. */
  readonly death: () => string | null;
}

/** Nothing proves that the agent has kept the prompt, so that it is told again. */
const GO_ON =
  'You were stopped in the middle of this turn, because the program that runs you was restarted. Look at what is already ' +
  'done, and go on with the task from there; do not begin it anew. The task is repeated here in case it was lost:\n\n';

/** Lets updates be told that were read together with the turn's end. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** One turn of an agent: from its prompt until the agent answers it or is gone. */
export class AcpTurn implements TurnHandle {
  readonly started: Promise<void>;
  readonly done: Promise<TurnOutcome>;
  #markStarted!: () => void;
  readonly #steers: SteerBox;
  #die!: (reason: string) => void;
  readonly #death: Promise<string>;
  #declined: NeedsInput | null = null;
  #isBlocked = false;
  #isInterrupted = false;
  #isAsked = false;
  #isExpected = false;

  constructor(
    private readonly request: TurnRequest,
    private readonly ports: TurnPorts,
  ) {
    this.started = new Promise((resolve) => (this.#markStarted = resolve));
    this.#death = new Promise((resolve) => (this.#die = resolve));
    this.#steers = new SteerBox(ports.connection, ports.threadId);
    this.done = this.#run();
  }

  async steer(commandId: string, payload: Readonly<Record<string, unknown>>): Promise<'delivered' | 'too-late'> {
    if (!this.ports.takesSteers) return 'too-late';
    const text = promptOf(payload);
    return this.#steers.deliver(text, () => this.#emit('user_message', { text, commandId, isSteer: true }));
  }

  interrupt({ force }: { force: boolean }): void {
    this.#isInterrupted = true;
    if (force) this.ports.connection.kill();
    else if (this.#isAsked) this.ports.connection.cancel(this.ports.threadId);
  }

  /** Nobody is there to decide: the turn ends with that. */
  block(needsInput: NeedsInput): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    this.#emit('backend_status', { phase: 'needs-input', ...needsInput });
    this.request.onNeedsInput(this.ports.redact(needsInput.message));
  }

  /** The policy is to ask nobody. */
  decline(needsInput: NeedsInput): void {
    this.#declined = needsInput;
    this.#emit('backend_status', { phase: 'approval-declined', ...needsInput });
  }

  take(update: SessionUpdate): void {
    if (!this.#isAsked) return;
    this.#markStarted();
    this.#steers.seeProgress();
    this.ports.emit(this.ports.story.take(update));
  }

  /** The agent is gone; `reason` says how. Expected: we made it go. */
  died(reason: string, { isExpected }: { isExpected: boolean }): void {
    this.#isExpected ||= isExpected;
    this.#die(reason);
  }

  async #run(): Promise<TurnOutcome> {
    const { connection, threadId: sessionId, wasAsked, begin } = this.ports;
    try {
      await begin();
      if (this.#isInterrupted) return INTERRUPTED;
      const prompt = promptOf(this.request.payload);
      const text = wasAsked ? `${GO_ON}${prompt}` : prompt;
      this.#emit('user_message', { text, ...(wasAsked && { origin: 'runner' }) });
      this.#isAsked = true;
      const answer = connection.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text }] });
      this.#steers.open();
      return await this.#end(await Promise.race([answer, this.#death]));
    } catch (error) {
      return await this.#end(error as Error);
    } finally {
      this.#steers.close();
    }
  }

  /** By the agent's answer, by its error, or by how it is gone. */
  async #end(end: PromptResponse | Error | string): Promise<TurnOutcome> {
    await settled();
    const response = typeof end === 'string' || end instanceof Error ? null : end;
    if (response) this.#markStarted();
    const cameToItsEnd = response !== null && response.stopReason !== 'cancelled';
    if (cameToItsEnd) this.#steers.seeProgress();
    this.#steers.close();
    this.ports.emit(this.ports.story.end(response, { isCut: !cameToItsEnd }));
    const outcome = response ? this.#outcomeOf(response) : this.#brokenBy(end as Error | string);
    const { failureKind, message } = outcome;
    const isNews = outcome.status === 'failed' && !this.#isExpected;
    if (isNews) this.#emit('error', { message, failureKind, willRetry: false });
    return outcome;
  }

  #outcomeOf({ stopReason }: PromptResponse): TurnOutcome {
    if (stopReason === 'cancelled') return this.#cancelled();
    const failure = failureOfStop(stopReason) ?? this.ports.story.failure;
    if (failure) return this.#failed(failure);
    return { status: 'completed', failureKind: null, message: null, turnId: null };
  }

  #cancelled(): TurnOutcome {
    if (this.#isInterrupted) return INTERRUPTED;
    const message = this.#declined
      ? `the agent broke the turn off when this was declined: ${this.#declined.summary}`
      : 'the agent broke the turn off without being asked to';
    return this.#failed({ failureKind: 'backend-failed', message });
  }

  #brokenBy(end: Error | string): TurnOutcome {
    if (this.#isInterrupted) return INTERRUPTED;
    const isGone = typeof end === 'string' || end instanceof AgentGone;
    if (!isGone) return this.#failed(failureOfError(end));
    const message = this.ports.death() ?? (typeof end === 'string' ? end : end.message);
    return this.#failed({ failureKind: 'backend-failed', message });
  }

  #failed({ failureKind, message }: Pick<TurnOutcome, 'failureKind'> & { readonly message: string }): TurnOutcome {
    return { status: 'failed', failureKind, message: this.ports.redact(message), turnId: null };
  }

  #emit(type: AgentEvent['type'], payload: Readonly<Record<string, unknown>>): void {
    const facts = { commandId: this.request.commandId, threadId: this.ports.threadId };
    this.ports.emit([{ type, payload: { ...facts, ...payload } }]);
  }
}

const INTERRUPTED: TurnOutcome = {
  status: 'cancelled',
  failureKind: 'cancelled',
  message: 'interrupted',
  turnId: null,
};

function promptOf(payload: Readonly<Record<string, unknown>>): string {
  return typeof payload['prompt'] === 'string' ? payload['prompt'] : '';
}
