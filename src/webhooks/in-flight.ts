/** Requests at once; beyond that somebody who hangs would keep others waiting. */
const MOST = 40;
const MOST_PER_HOST = 10;

/** Which requests are under way, to whom. */
export class InFlight {
  readonly #byHost = new Map<string, number>();
  #all = 0;

  /** Does the work, unless too much is under way, to all or to this host: then it answers undefined at once. */
  async unlessFull<T>(host: string, work: () => Promise<T>): Promise<T | undefined> {
    const ofHost = this.#byHost.get(host) ?? 0;
    if (this.#all >= MOST || ofHost >= MOST_PER_HOST) return undefined;
    this.#count(host, 1);
    try {
      return await work();
    } finally {
      this.#count(host, -1);
    }
  }

  #count(host: string, by: 1 | -1): void {
    const ofHost = (this.#byHost.get(host) ?? 0) + by;
    this.#all += by;
    if (ofHost === 0) this.#byHost.delete(host);
    else this.#byHost.set(host, ofHost);
  }
}
