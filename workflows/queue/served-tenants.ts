/**
 * Slots that each tenant was given since it came, divided by its weight. A tenant is there while one of its tasks waits or has a slot.
 */
export class ServedTenants {
  readonly #tasks = new Map<string, number>();
  readonly #served: Map<string, number>;
  /** The least of all, until somebody is served or leaves: many may come at once. */
  #least: number | undefined;

  constructor(served: Readonly<Record<string, number>>) {
    this.#served = new Map(Object.entries(served));
  }

  get record(): Record<string, number> {
    return Object.fromEntries(this.#served);
  }

  /** One more of its tasks is there. */
  come(tenantId: string): void {
    this.#tasks.set(tenantId, (this.#tasks.get(tenantId) ?? 0) + 1);
    // One that comes begins where the least served of those present stands: having been away earns nothing.
    if (!this.#served.has(tenantId)) this.#served.set(tenantId, this.#leastServed());
  }

  /** One less of its tasks is there. */
  leave(tenantId: string): void {
    const tasks = (this.#tasks.get(tenantId) ?? 0) - 1;
    if (tasks > 0) {
      this.#tasks.set(tenantId, tasks);
      return;
    }
    this.#tasks.delete(tenantId);
    this.#served.delete(tenantId);
    this.#least = undefined;
  }

  serve(tenantId: string, share: number): void {
    this.#served.set(tenantId, (this.#served.get(tenantId) ?? 0) + share);
    this.#least = undefined;
  }

  #leastServed(): number {
    if (this.#least !== undefined) return this.#least;
    let least = Infinity;
    for (const served of this.#served.values()) least = Math.min(least, served);
    this.#least = least === Infinity ? 0 : least;
    return this.#least;
  }
}
