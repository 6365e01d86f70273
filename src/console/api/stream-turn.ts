const LOCK = 'agentrun/stream';
const NEWS = 'agentrun/news';

/**
 * A browser has six connections to one address over HTTP/1.1, for all of its tabs: only the tab that was looked at last holds one open
 * for events. The others look again and again, at once when that tab hears of something in the same conversation. Where a browser
 * has no locks (a page that came over plain HTTP from another machine) every tab has a stream of its own.
 */
export class StreamTurn {
  mayStream = navigator.locks === undefined;
  #change = new AbortController();
  #left: AbortController | undefined;
  #waiting: AbortController | undefined;
  #release: () => void = () => undefined;
  #news: BroadcastChannel | undefined;

  constructor(
    private readonly conversation: string,
    private readonly onNews: () => void,
  ) {}

  /** Aborted when `mayStream` is about to be another. */
  get changed(): AbortSignal {
    return this.#change.signal;
  }

  enter(): void {
    if (navigator.locks === undefined) return;
    const left = new AbortController();
    this.#left = left;
    this.#news = new BroadcastChannel(NEWS);
    this.#news.onmessage = ({ data }) => data === this.conversation && this.onNews();
    window.addEventListener('focus', () => this.#take(), { signal: left.signal });
    if (document.hasFocus()) this.#take();
    else void this.#wait();
  }

  /** Lets another tab have it. */
  leave(): void {
    this.#left?.abort();
    this.#left = undefined;
    this.#waiting?.abort();
    this.#news?.close();
    this.#release();
    this.#become(navigator.locks === undefined);
  }

  tellNews(): void {
    if (this.mayStream && this.#left !== undefined) this.#news?.postMessage(this.conversation);
  }

  #take(): void {
    if (this.mayStream) return;
    this.#waiting?.abort();
    void this.#hold({ steal: true });
  }

  async #wait(): Promise<void> {
    this.#waiting = new AbortController();
    await this.#hold({ signal: this.#waiting.signal });
  }

  /** Until it is let go, or another tab takes it: then this one waits for its turn. */
  async #hold(options: LockOptions): Promise<void> {
    const left = this.#left;
    const isHere = () => left !== undefined && this.#left === left;
    let isOurs = false;
    const request = navigator.locks.request(LOCK, options, async () => {
      if (!isHere()) return;
      isOurs = true;
      this.#become(true);
      await new Promise<void>((resolve) => (this.#release = resolve));
    });
    const wasTaken = await request.then(
      () => false,
      () => isOurs,
    );
    if (!wasTaken || !isHere()) return;
    this.#release();
    this.#become(false);
    await this.#wait();
  }

  #become(mayStream: boolean): void {
    if (this.mayStream === mayStream) return;
    this.mayStream = mayStream;
    const before = this.#change;
    this.#change = new AbortController();
    before.abort();
  }
}
