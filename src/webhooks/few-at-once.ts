/** Whose work it is; for whoever has gone when its turn comes nothing is begun. */
export interface Caller {
  readonly tenantId: string;
  readonly signal: AbortSignal;
}

/**
 * Does the work of a few callers at once, of `all` and of `each` tenant; the others wait, and of those each tenant has its turn. Look-ups
 * of names take threads that files and cryptography need as well, and of those there are few: a name server that hangs must not hold all of
 * them, nor keep tenants waiting who never told of it. Work that has begun keeps its place until it has ended, whoever has gone meanwhile.
 */
export function fewAtOnce<A, T>(
  most: { readonly all: number; readonly each: number },
  work: (argument: A) => Promise<T>,
): (argument: A, caller: Caller) => Promise<T> {
  const places = new Places(most.all, most.each);
  return async (argument, caller) => {
    await places.take(caller);
    try {
      return await work(argument);
    } finally {
      places.giveBack(caller.tenantId);
    }
  };
}

type Turn = () => void;

class Places {
  readonly #taken = new Map<string, number>();
  /** Of each tenant in the order they came; the tenant that was served longest ago is the first. */
  readonly #waiting = new Map<string, Set<Turn>>();

  constructor(
    private free: number,
    private readonly each: number,
  ) {}

  /** @throws the signal's reason, where that comes first. */
  async take({ tenantId, signal }: Caller): Promise<void> {
    signal.throwIfAborted();
    if (this.#hasRoom(tenantId)) this.#count(tenantId, 1);
    else await new Promise<void>((resolve, reject) => this.#wait(tenantId, signal, resolve, reject));
  }

  giveBack(tenantId: string): void {
    this.#count(tenantId, -1);
    this.#putLast(tenantId);
    for (const [next, turns] of this.#waiting) {
      const [turn] = turns;
      if (turn === undefined || !this.#hasRoom(next)) continue;
      turns.delete(turn);
      this.#putLast(next);
      this.#count(next, 1);
      turn();
      return;
    }
  }

  #putLast(tenantId: string): void {
    const turns = this.#waiting.get(tenantId);
    if (turns === undefined) return;
    this.#waiting.delete(tenantId);
    if (turns.size > 0) this.#waiting.set(tenantId, turns);
  }

  #hasRoom(tenantId: string): boolean {
    return this.free > 0 && (this.#taken.get(tenantId) ?? 0) < this.each;
  }

  #count(tenantId: string, by: 1 | -1): void {
    this.free -= by;
    const taken = (this.#taken.get(tenantId) ?? 0) + by;
    if (taken === 0) this.#taken.delete(tenantId);
    else this.#taken.set(tenantId, taken);
  }

  #wait(tenantId: string, signal: AbortSignal, resolve: () => void, reject: (reason: unknown) => void): void {
    const turns = this.#waiting.get(tenantId) ?? new Set();
    const turn = () => {
      signal.removeEventListener('abort', gone);
      resolve();
    };
    const gone = () => {
      turns.delete(turn);
      if (turns.size === 0) this.#waiting.delete(tenantId);
      reject(signal.reason);
    };
    signal.addEventListener('abort', gone, { once: true });
    this.#waiting.set(tenantId, turns.add(turn));
  }
}
