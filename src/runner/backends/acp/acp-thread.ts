import type { ChildProcess } from 'node:child_process';
import type { RequestPermissionOutcome, RequestPermissionRequest, SessionNotification } from '@agentclientprotocol/sdk';
import type { AgentEvent, AgentThread, EventSink, OpenThread, TurnHandle, TurnRequest } from '../backend.js';
import { within } from '../../within.js';
import { writeThreadRecord, type ThreadRecord } from '../thread-record.js';
import { AcpTurn } from './acp-turn.js';
import { AgentConnection } from './agent-connection.js';
import type { DeclaredAgent } from './handshake.js';
import { reactionTo } from './permissions.js';
import { TurnStory } from './turn-story.js';

export interface AcpThreadOptions {
  readonly open: OpenThread;
  readonly child: ChildProcess;
  /** Cuts credentials out of words from outside. */
  readonly redact: (text: string) => string;
  /** Cuts the profile's key out of all that the agent says, since the agent has it. */
  readonly hide: (event: AgentEvent) => AgentEvent;
}

interface OpenedThread {
  readonly threadId: string;
  readonly agent: DeclaredAgent;
  readonly record: ThreadRecord;
}

const CLOSE_MS = 5_000;
const LAST_WORDS_LINES = 8;

/** One running agent with its one thread: where its messages go. */
export class AcpThread implements AgentThread {
  readonly connection: AgentConnection;
  #opened: OpenedThread | null = null;
  #live: AcpTurn | null = null;
  /** Of the turn that was last, while calls of its tools still run. */
  #late: TurnStory | null = null;
  #death: string | null = null;
  #isClosing = false;
  #isHeld = false;

  constructor(private readonly options: AcpThreadOptions) {
    this.connection = new AgentConnection(options.child, {
      onUpdate: (notification) => this.#updated(notification),
      onPermission: (request) => this.#asked(request),
      onExit: (reason) => this.#exited(reason),
    });
  }

  get threadId(): string {
    return this.#opened?.threadId ?? '';
  }

  get isAlive(): boolean {
    return this.connection.isAlive;
  }

  /** The handshake is done. */
  opened(opened: OpenedThread): void {
    this.#opened = opened;
  }

  runTurn(request: TurnRequest): TurnHandle {
    const { commandId, mayHaveBegun } = request;
    const { threadId, redact, open } = { threadId: this.threadId, ...this.options };
    const story = new TurnStory({ commandId, threadId }, open.workspaceDir);
    const live = new AcpTurn(request, {
      connection: this.connection,
      threadId,
      takesSteers: this.#opened?.agent.capabilities.steer ?? false,
      story,
      emit: (events) => this.#emit(request.events, events),
      wasAsked: mayHaveBegun && this.#opened?.record.asked === commandId,
      begin: () => this.#begin(commandId),
      redact,
      death: () => this.#death,
    });
    this.#live = live;
    this.#late = null;
    void live.done.then(() => {
      if (this.#live === live) this.#live = null;
      if (story.hasOpenCalls) this.#late = story;
    });
    return live;
  }

  async close({ force }: { force: boolean }): Promise<void> {
    this.#isClosing = true;
    if (force) this.connection.kill();
    else {
      if (this.#live) this.connection.cancel(this.threadId);
      this.connection.end();
      await within(CLOSE_MS, this.connection.exited);
    }
    this.#live?.died('the agent was ended', { isExpected: true });
    if (!force) this.connection.kill();
    await this.#live?.done;
  }

  async #begin(commandId: string): Promise<void> {
    const record = { threadId: this.threadId, begun: true, asked: commandId };
    await writeThreadRecord(this.options.open.stateDir, record);
    if (this.#opened) this.#opened = { ...this.#opened, record };
  }

  /** What comes before the first turn is the thread's past, told again. */
  #updated({ sessionId, update }: SessionNotification): void {
    // Of an agent that ours has started: its updates are not the conversation's.
    if (!this.#opened || sessionId !== this.threadId) return;
    if (this.#live) this.#live.take(update);
    else if (this.#late) this.#emit(this.options.open.events, this.#late.takeLate(update));
  }

  #asked(request: RequestPermissionRequest): RequestPermissionOutcome {
    const { approval } = this.options.open.policy;
    const { outcome, needsInput } = reactionTo(request, approval);
    if (approval === 'never') this.#live?.decline(needsInput);
    // The answer goes first, so that the agent has the call declined when it ends the turn.
    else setImmediate(() => this.#live?.block(needsInput));
    return outcome;
  }

  #exited(how: string): void {
    const said = this.connection.lastWords(LAST_WORDS_LINES);
    const reason = this.options.redact(said === '' ? how : `${how}: ${said}`);
    this.#death = reason;
    const { events } = this.options.open;
    if (this.#live) this.#live.died(reason, { isExpected: this.#isClosing });
    else if (!this.#isClosing && this.#opened) {
      const payload = { phase: 'agent/exited', message: reason, threadId: this.threadId };
      this.#emit(events, [{ type: 'backend_status', payload }]);
    }
    if (this.#late) this.#emit(events, this.#late.end(null, { isCut: true }));
    this.#late = null;
  }

  /** A full sink makes the agent wait, by its pipe. */
  #emit(sink: EventSink, events: readonly AgentEvent[]): void {
    const hasRoom = events.map((event) => sink.emit(this.options.hide(event))).every(Boolean);
    if (hasRoom || this.#isHeld) return;
    this.#isHeld = true;
    this.connection.pause();
    void sink.drained().then(() => {
      this.#isHeld = false;
      this.connection.resume();
    });
  }
}
