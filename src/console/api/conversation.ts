import type { EventRecord, SessionPlace } from '../../client/index.js';
import { DeliveryProofs, type Outgoing } from '../model/delivery.js';
import { Transcript } from '../model/transcript.js';
import { UsageMeter } from '../model/usage.js';
import type { ConversationSource } from './conversation-source.js';
import { StreamTurn } from './stream-turn.js';

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Nobody looks: the stream is let go, and taken up where it was. */
  | { readonly state: 'resting' }
  | { readonly state: 'lost'; readonly message: string; readonly sinceMs: number }
  /** A run has ended; a session never does. */
  | { readonly state: 'ended' };

const HIDDEN_REST_MS = 30_000;
const RETRY_MS = 2_000;

/**
 * A transcript as it grows: the newest events, then what happens, then what is older when it is asked for. One stream, where this tab
 * has the browser's; after a cut it goes on behind the last event. Changes are told once a frame, however many events came.
 */
export class Conversation {
  transcript = new Transcript();
  proofs = new DeliveryProofs();
  usage = new UsageMeter();
  outgoing: readonly Outgoing[] = [];
  connection: Connection = { state: 'connecting' };
  isLoaded = false;
  isLoadingOlder = false;
  /** How many events came since the beginning of the page, beyond those that were there. */
  arrived = 0;
  #older: string | null = null;
  #events: EventRecord[] = [];
  #incoming: EventRecord[] = [];
  #isScheduled = false;
  #stopped: AbortController | undefined;
  #nudge: () => void = () => undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #turn: StreamTurn;

  constructor(
    readonly source: ConversationSource,
    private readonly onChange: () => void,
  ) {
    this.#turn = new StreamTurn(source.key, () => this.#nudge());
  }

  get hasOlder(): boolean {
    return this.#older !== null;
  }

  get eventCount(): number {
    return this.#events.length;
  }

  start(): () => void {
    const onVisibility = () => this.#minded(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', onVisibility);
    this.#resume();
    // Opened beside the page that somebody looks at.
    onVisibility();
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      clearTimeout(this.#restTimer);
      this.#stopped?.abort();
      this.#turn.leave();
    };
  }

  /** Older events go before the others; everything is put together anew, for calls and their output may now meet. */
  async loadOlder(): Promise<void> {
    if (this.#older === null || this.isLoadingOlder) return;
    this.isLoadingOlder = true;
    this.onChange();
    const part = await this.source.before(this.#older).catch(() => undefined);
    this.isLoadingOlder = false;
    if (part !== undefined) {
      this.#older = part.older;
      this.#events = [...part.events, ...this.#events];
      this.#rebuild();
    }
    this.onChange();
  }

  send(text: string): void {
    this.#send({ key: newKey(), text, sent: { state: 'sending' } });
  }

  /** With the same key: what arrived the first time is not said twice. */
  sendAgain(key: string): void {
    const outgoing = this.outgoing.find((entry) => entry.key === key);
    if (outgoing !== undefined) this.#send({ ...outgoing, sent: { state: 'sending' } });
  }

  forget(key: string): void {
    this.outgoing = this.outgoing.filter((entry) => entry.key !== key);
    this.onChange();
  }

  /** Looks at once whether there is something new. */
  nudge(): void {
    this.#nudge();
  }

  #send(outgoing: Outgoing): void {
    this.#tell(outgoing);
    this.source.send(outgoing.text, outgoing.key).then(
      (accepted) => {
        this.#tell({ ...outgoing, sent: { state: 'accepted', ...accepted } });
        this.#nudge();
      },
      (error: unknown) => this.#tell({ ...outgoing, sent: { state: 'not-sent', message: messageOf(error) } }),
    );
  }

  #tell(outgoing: Outgoing): void {
    const others = this.outgoing.filter(({ key }) => key !== outgoing.key);
    this.outgoing = [...others, outgoing];
    this.onChange();
  }

  #minded(isShown: boolean): void {
    clearTimeout(this.#restTimer);
    if (!isShown) this.#restTimer = setTimeout(() => this.#rest(), HIDDEN_REST_MS);
    else if (this.connection.state === 'resting') this.#resume();
    else this.#nudge();
  }

  #rest(): void {
    if (this.connection.state === 'ended') return;
    this.#stopped?.abort();
    this.#turn.leave();
    this.#connected({ state: 'resting' });
  }

  #resume(): void {
    const stopped = new AbortController();
    this.#stopped = stopped;
    this.#turn.enter();
    void this.#run(stopped.signal);
  }

  /** Until it is stopped, or there is nothing more to come. */
  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#loadLatest();
        signal.throwIfAborted();
        await this.#follow(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#lost(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #loadLatest(): Promise<void> {
    if (this.isLoaded) return;
    const { events, older } = await this.source.latest();
    this.#older = older;
    this.#events = events;
    this.isLoaded = true;
    this.#rebuild();
    this.onChange();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    this.#connected({ state: 'live' });
    for (;;) {
      const { mayStream, changed } = this.#turn;
      try {
        await this.#followAs(mayStream, AbortSignal.any([signal, changed]));
        break;
      } catch (error) {
        // The tab has the stream now, or another one has it: it goes on from where it is.
        if (signal.aborted || !changed.aborted) throw error;
      }
    }
    if (signal.aborted) return;
    this.#turn.leave();
    this.#connected({ state: 'ended' });
  }

  async #followAs(streams: boolean, signal: AbortSignal): Promise<void> {
    const options = {
      signal,
      streams,
      outageMs: Infinity,
      onLost: (error: Error) => this.#lost(error),
      onBack: () => this.#connected({ state: 'live' }),
      nudged: () => new Promise<void>((resolve) => (this.#nudge = resolve)),
    };
    for await (const event of this.source.follow(this.#place(), options)) {
      this.#incoming.push(event);
      this.#schedule();
    }
  }

  /** A run's own stream: the last event that was taken or is about to be. */
  #place(): SessionPlace | undefined {
    const last = this.#incoming.at(-1) ?? this.#events.at(-1);
    return last === undefined ? undefined : { runId: last.runId, seq: last.seq };
  }

  /** Frames stand still in a hidden tab. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (document.visibilityState === 'visible') requestAnimationFrame(() => this.#flush());
    else setTimeout(() => this.#flush(), 250);
  }

  #flush(): void {
    this.#isScheduled = false;
    const events = this.#incoming;
    this.#incoming = [];
    for (const event of events) this.#events.push(event);
    this.arrived += events.length;
    this.#turn.tellNews();
    this.#take(events);
    this.onChange();
  }

  #rebuild(): void {
    this.transcript = new Transcript();
    this.usage = new UsageMeter();
    this.#take(this.#events);
  }

  #take(events: readonly EventRecord[]): void {
    this.transcript.append(events);
    this.usage.append(events);
    this.proofs.append(events);
  }

  #lost(error: unknown): void {
    const sinceMs = this.connection.state === 'lost' ? this.connection.sinceMs : Date.now();
    this.#connected({ state: 'lost', message: messageOf(error), sinceMs });
  }

  #connected(connection: Connection): void {
    this.connection = connection;
    this.onChange();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Under which something is asked for once, however often. */
export function newKey(): string {
  // `crypto.randomUUID` is there on secure origins only, and a console may be reached by plain HTTP in its own network.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
