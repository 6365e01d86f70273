import type { EventInput } from '../../contract/event.js';
import { EVENT_LIMITS } from '../../domain/event-types.js';
import type { AgentEvent, EventSink } from '../backends/backend.js';
import { withinLimits, type SizedEvent } from './limits.js';

export interface OutboxOptions {
  /** The number of the first event. */
  readonly firstSeq: number;
  /** An event waits this long for company. */
  readonly flushMs: number;
  /** As many are worth a request at once. */
  readonly flushEvents: number;
  readonly flushBytes: number;
  /** Above this the sources are paused; half of it lets them go on. */
  readonly fullBytes: number;
  readonly fullEvents: number;
}

const DEFAULTS: OutboxOptions = {
  firstSeq: 1,
  flushMs: 50,
  flushEvents: 100,
  flushBytes: 256 * 1024,
  fullBytes: 4 * 1024 * 1024,
  fullEvents: 4_000,
};

/**
 * Of payloads. With all that stands around them a request stays under 1 MiB, which is nginx's limit of a body (the
 * manager's own is higher), and that is enough to catch up in few requests.
 */
const REQUEST_BYTES = 896 * 1024;
/** Pieces of flowing text are joined up to this length. */
const JOINED_BYTES = 32 * 1024;

type Waiting = SizedEvent & { readonly clientSeq: number };

/**
 * The way of events to the manager: in order, one request at a time, each event numbered so that a repeated request
 * adds nothing twice. Memory is bounded: a full outbox asks its sources to wait.
 */
export class EventOutbox implements EventSink {
  readonly #options: OutboxOptions;
  #queue: Waiting[] = [];
  #bytes = 0;
  #nextSeq: number;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #discarded = false;
  #roomWaiters: (() => void)[] = [];

  /** `send` resolves when the manager has the events, or will never take them; it does not reject. */
  constructor(
    private readonly send: (events: EventInput[]) => Promise<void>,
    options: Partial<OutboxOptions> = {},
  ) {
    this.#options = { ...DEFAULTS, ...options };
    this.#nextSeq = this.#options.firstSeq;
  }

  emit(event: AgentEvent): boolean {
    if (this.#discarded) return true;
    for (const sized of withinLimits(event)) this.#enqueue(sized);
    this.#schedule();
    return !this.isFull;
  }

  get isFull(): boolean {
    return this.#bytes > this.#options.fullBytes || this.#queue.length > this.#options.fullEvents;
  }

  async drained(): Promise<void> {
    if (this.isFull) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Resolves when the manager has all that was emitted before. */
  async flush(): Promise<void> {
    const last = this.#nextSeq - 1;
    while (!this.#discarded && (this.#queue[0]?.clientSeq ?? Infinity) <= last) await this.#pass();
  }

  /** Forgets what is not sent and takes nothing more. */
  discard(): void {
    this.#discarded = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#queue = [];
    this.#bytes = 0;
    this.#wakeSources();
  }

  #enqueue(event: SizedEvent): void {
    const previous = this.#queue.at(-1);
    const joined = previous && this.#inFlight < this.#queue.length ? join(previous, event) : undefined;
    if (previous && joined) {
      this.#bytes += joined.bytes - previous.bytes;
      this.#queue[this.#queue.length - 1] = { ...joined, clientSeq: previous.clientSeq };
      return;
    }
    this.#queue.push({ ...event, clientSeq: this.#nextSeq++ });
    this.#bytes += event.bytes;
  }

  /** How many from the head are in a request: those must not change any more. */
  #inFlight = 0;

  #schedule(): void {
    if (this.#sending || this.#queue.length === 0) return;
    const isWorth = this.#queue.length >= this.#options.flushEvents || this.#bytes >= this.#options.flushBytes;
    if (isWorth) void this.#pass();
    else this.#timer ??= setTimeout(() => void this.#pass(), this.#options.flushMs);
  }

  /** One request, or the one that is under way. */
  #pass(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#sendHead().finally(() => {
      this.#sending = null;
      this.#schedule();
    });
    return this.#sending;
  }

  async #sendHead(): Promise<void> {
    const batch = this.#head();
    this.#inFlight = batch.length;
    if (batch.length > 0) await this.send(batch.map(({ type, payload, clientSeq }) => ({ type, payload, clientSeq })));
    this.#inFlight = 0;
    if (this.#discarded) return;
    this.#queue.splice(0, batch.length);
    this.#bytes -= batch.reduce((sum, event) => sum + event.bytes, 0);
    if (this.#bytes <= this.#options.fullBytes / 2 && this.#queue.length <= this.#options.fullEvents / 2)
      this.#wakeSources();
  }

  #head(): Waiting[] {
    let bytes = 0;
    const end = this.#queue.findIndex((event, index) => {
      bytes += event.bytes;
      return index >= EVENT_LIMITS.batch || (index > 0 && bytes > REQUEST_BYTES);
    });
    return end === -1 ? [...this.#queue] : this.#queue.slice(0, end);
  }

  #wakeSources(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }
}

/** The two as one event, where both are pieces of the same flow and small enough together. */
function join(first: SizedEvent, second: SizedEvent): SizedEvent | undefined {
  if (!first.flowing || !second.flowing || first.type !== second.type) return undefined;
  if (first.bytes + second.bytes > JOINED_BYTES) return undefined;
  const { text: a, ...about } = first.payload;
  const { text: b, ...other } = second.payload;
  if (typeof a !== 'string' || typeof b !== 'string' || JSON.stringify(about) !== JSON.stringify(other))
    return undefined;
  // A little more than exact (the fields beside the text count twice), and always enough.
  return { ...first, payload: { ...about, text: a + b }, bytes: first.bytes + second.bytes };
}
