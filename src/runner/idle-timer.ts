/** Calls `onIdle` once nothing was told to it for `timeoutMs`; a new `touch` starts the wait again, `pause` ends it. */
export class IdleTimer {
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly timeoutMs: number,
    private readonly onIdle: () => void,
  ) {}

  touch(): void {
    this.pause();
    this.#timer = setTimeout(this.onIdle, this.timeoutMs);
  }

  pause(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
