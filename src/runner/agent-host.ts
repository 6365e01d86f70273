import type { AgentProcesses } from './agent-processes.js';
import type { AgentEvent, AgentThread, Backend, EventSink, OpenThread } from './backends/backend.js';

export interface AgentHostOptions {
  readonly backend: Backend;
  readonly processes: AgentProcesses;
  readonly open: Omit<OpenThread, 'threadId' | 'processes' | 'events'>;
  readonly events: EventSink;
  /** Whether what the agent says may still be accepted; asked for each event. */
  readonly accepts: () => boolean;
  /** Called with the thread's id before anything else is done with it. */
  readonly onThread: (threadId: string) => Promise<void>;
}

/**
 * Has the agent running while it may, and its thread open; after a stop, or when the agent died by itself, the same thread
 * is opened again when next asked for.
 */
export class AgentHost {
  readonly events: EventSink;
  #thread: Promise<AgentThread> | null = null;
  #closing: Promise<AgentThread> | null = null;
  #stopping: Promise<void> = Promise.resolve();
  #epoch = 0;

  constructor(
    private readonly options: AgentHostOptions,
    private threadId: string | null,
  ) {
    const { events, accepts } = options;
    this.events = {
      emit: (event: AgentEvent) => (accepts() ? events.emit(event) : true),
      drained: () => events.drained(),
    };
  }

  get backend(): Backend {
    return this.options.backend;
  }

  /** The open thread. @throws BackendError when it cannot be opened or resumed. */
  async thread(): Promise<AgentThread> {
    await this.#stopping;
    const known = this.#thread;
    const open = await known?.catch(() => undefined);
    // One that could not be opened is tried again: what kept it may have passed.
    if (known !== null && known === this.#thread && !open?.isAlive) await this.#letGo(known);
    this.#thread ??= this.#open();
    return this.#thread;
  }

  /** Of an agent that is gone by itself; what it left behind goes too. */
  async #letGo(dead: Promise<AgentThread>): Promise<void> {
    this.#thread = null;
    await dead.then((thread) => thread.close({ force: true })).catch(() => {});
    await this.options.processes.end();
  }

  /** Grows with every stop: what began under a lower number did not end by itself. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Ends the agent by force: its groups before this returns, and resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.options.processes.killGroups();
    return this.#close({ force: true });
  }

  /** Ends the agent in its own way, then whatever it left. `stop` may come while that takes its time. */
  close(): Promise<void> {
    return this.#close({ force: false });
  }

  #close(how: { force: boolean }): Promise<void> {
    const thread = this.#thread ?? this.#closing;
    this.#closing = thread;
    this.#thread = null;
    this.#epoch += 1;
    const closed = thread?.then((open) => open.close(how)).catch(() => {});
    const { processes } = this.options;
    // Not to wait for a backend that, its agent dead, still does not let go.
    const ended = how.force ? processes.end() : undefined;
    this.#stopping = Promise.all([this.#stopping, closed, ended]).then(() => processes.end());
    return this.#stopping;
  }

  async #open(): Promise<AgentThread> {
    const { backend, processes, open, onThread } = this.options;
    const thread = await backend.open({ ...open, processes, events: this.events, threadId: this.threadId });
    this.threadId = thread.threadId;
    await onThread(thread.threadId);
    return thread;
  }
}
