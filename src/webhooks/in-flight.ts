/** Requests at once; beyond that somebody who hangs would keep others waiting. */
const MOST = 40;
const MOST_PER_HOST = 10;
/** Names of hosts cost nothing: a tenant may have as many as it likes. */
const MOST_PER_TENANT = 10;

/** Whose request it is, and where it goes. */
interface Whose {
  readonly host: string;
  readonly tenantId: string;
}

/** Told of what goes on although nobody waits for it any more. */
export type Leaves = (begun: Promise<unknown>) => void;

/** Which requests are under way, whose and to whom. */
export class InFlight {
  readonly #counts = new Map<string, number>();

  /**
   * Does the work, unless too much is under way, of all, to this host or of this tenant: then it answers undefined at once. What the work
   * leaves behind it names by `leaves`: its place is given back when that has ended too.
   */
  async unlessFull<T>({ host, tenantId }: Whose, work: (leaves: Leaves) => Promise<T>): Promise<T | undefined> {
    const limits = [
      ['all', MOST],
      [`host ${host}`, MOST_PER_HOST],
      [`tenant ${tenantId}`, MOST_PER_TENANT],
    ] as const;
    if (limits.some(([of, most]) => (this.#counts.get(of) ?? 0) >= most)) return undefined;
    for (const [of] of limits) this.#count(of, 1);
    const giveBack = () => limits.forEach(([of]) => this.#count(of, -1));
    const left = new Set<Promise<unknown>>();
    const leaves: Leaves = (begun) => {
      const over = () => left.delete(begun);
      left.add(begun);
      begun.then(over, over);
    };
    try {
      return await work(leaves);
    } finally {
      if (left.size === 0) giveBack();
      else void Promise.allSettled(left).then(giveBack);
    }
  }

  #count(of: string, by: 1 | -1): void {
    const count = (this.#counts.get(of) ?? 0) + by;
    if (count === 0) this.#counts.delete(of);
    else this.#counts.set(of, count);
  }
}
