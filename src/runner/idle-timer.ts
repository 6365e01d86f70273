/** Calls `onIdle` once nothing was told to it for `timeoutMs`; a new `touch` starts the wait again, `pause` ends it. */
export class IdleTimer {
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    private readonly timeoutMs: number,
    private readonly onIdle: () => void,
  ) {}

  touch(): void {
    this.pause();
    if (!this.#stopped) this.#timer = setTimeout(this.onIdle, this.timeoutMs);
  }

  pause(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.pause();
  }
}
