import type { Subscription, Topic } from '../ports/wakeups.js';

/** Who waits in this process, by topic. */
export class Subscriptions {
  readonly #byTopic = new Map<string, Set<LocalSubscription>>();

  subscribe(topic: Topic): Subscription {
    const subscription = new LocalSubscription(() => this.#remove(topic, subscription));
    const others = this.#byTopic.get(topic) ?? new Set();
    this.#byTopic.set(topic, others.add(subscription));
    return subscription;
  }

  wake(topic: string): void {
    for (const subscription of this.#byTopic.get(topic) ?? []) subscription.wake();
  }

  wakeAll(): void {
    for (const topic of this.#byTopic.keys()) this.wake(topic);
  }

  closeAll(): void {
    for (const subscriptions of [...this.#byTopic.values()]) {
      for (const subscription of [...subscriptions]) subscription.close();
    }
  }

  #remove(topic: string, subscription: LocalSubscription): void {
    const others = this.#byTopic.get(topic);
    others?.delete(subscription);
    if (others?.size === 0) this.#byTopic.delete(topic);
  }
}

class LocalSubscription implements Subscription {
  /** A hint came while nobody waited. */
  #woken = false;
  #closed = false;
  readonly #waiters = new Set<() => void>();

  constructor(private readonly onClose: () => void) {}

  wake(): void {
    if (this.#waiters.size === 0) this.#woken = true;
    for (const resolve of [...this.#waiters]) resolve();
  }

  next(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#woken || this.#closed || signal?.aborted) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal?.addEventListener('abort', done);
      this.#waiters.add(done);
    });
  }

  close(): void {
    this.#closed = true;
    this.onClose();
    for (const resolve of [...this.#waiters]) resolve();
  }
}
