import type { Subscription, Topic, Wakeups } from '../ports/wakeups.js';
import { Listener } from './listener.js';
import type { DatabaseOptions } from './pool.js';
import { Subscriptions } from './subscriptions.js';

const CHANNEL = 'agentrun_wakeups';
/** Sent instead of topics: everybody looks again. */
const EVERYTHING = '*';
/** More topics than this (after a long time without a connection) become one `EVERYTHING`. */
const MAX_TOPICS = 1_000;
/** Hints that come sooner after a statement than this go together in the next: a NOTIFY holds a lock of the whole database while it commits. */
const APART_MS = 3;
/** Those of events, which come on and on while agents work, go no oftener than this: a reader elsewhere sees no less for it, in larger pieces. */
const EVENTS_APART_MS = 20;

/**
 * Wake-ups by LISTEN and NOTIFY. Subscribers in this process are woken at once, those in others some milliseconds later.
 * While the connection is away hints wait here; when it is back, all subscribers look again.
 */
export class PostgresWakeups implements Wakeups {
  readonly #local = new Subscriptions();
  readonly #unsent = new Set<string>();
  readonly #listener: Listener;
  #gathering: NodeJS.Timeout | undefined;
  /** When what is gathered goes out, and when it last did; of `performance.now()`. */
  #sendsAt = Infinity;
  #sentAt = -Infinity;
  #closed = false;

  constructor(options: DatabaseOptions) {
    this.#listener = new Listener(options, CHANNEL, {
      onListening: () => this.#onListening(),
      onMessage: (topic) => this.#onMessage(topic),
    });
  }

  notify(topic: Topic, { urgent } = { urgent: !topic.startsWith('events:') }): void {
    this.#local.wake(topic);
    if (this.#closed) return;
    this.#unsent.add(topic);
    this.#sendBy(Math.max(performance.now(), this.#sentAt + (urgent ? APART_MS : EVENTS_APART_MS)));
  }

  #sendBy(atMs: number): void {
    if (atMs >= this.#sendsAt) return;
    clearTimeout(this.#gathering);
    this.#sendsAt = atMs;
    this.#gathering = setTimeout(() => void this.#send(), atMs - performance.now());
  }

  subscribe(topic: Topic): Subscription {
    return this.#local.subscribe(topic);
  }

  /** Ends every subscription and the connection, after sending what is unsent if it can. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#gathering);
    await this.#send();
    this.#local.closeAll();
    await this.#listener.close();
  }

  async #send(): Promise<void> {
    this.#sendsAt = Infinity;
    this.#sentAt = performance.now();
    if (this.#unsent.size === 0) return;
    const topics = this.#unsent.size > MAX_TOPICS ? [EVERYTHING] : [...this.#unsent];
    this.#unsent.clear();
    if (await this.#listener.send(topics)) return;
    // They go out when the connection is back.
    for (const topic of topics) this.#unsent.add(topic);
  }

  #onListening(): void {
    this.#local.wakeAll();
    void this.#send();
  }

  #onMessage(topic: string): void {
    if (topic === EVERYTHING) this.#local.wakeAll();
    else this.#local.wake(topic);
  }
}
