import type pg from 'pg';
import { asFailure, isConnectionLost } from './failures.js';
import type { Queryable, Statement } from './queryable.js';
import { storableText } from './storable-text.js';

/** Even a call that is late gets this long for its next statement: an answer that is nearly there is better than none. */
const LEAST_TIMEOUT_MS = 100;

/** A connection taken from the pool for one call, which must be over by `deadline` (of `performance.now()`). */
export class Connection implements Queryable {
  #lost = false;

  constructor(
    private readonly client: pg.PoolClient,
    private readonly deadline: number,
  ) {
    client.on('error', this.#onError);
  }

  async query<Row extends pg.QueryResultRow>(
    statement: string | Statement,
    values: readonly unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    const named = typeof statement === 'string' ? { text: statement } : statement;
    try {
      return await withinLimit(this.client.query<Row>({ ...named, values: values.map(storable) }), this.#limitMs());
    } catch (error) {
      this.#lost ||= isConnectionLost(error);
      throw asFailure(error);
    }
  }

  async rollback(): Promise<void> {
    if (this.#lost) return;
    await this.query('ROLLBACK').catch(() => this.discard());
  }

  /** Closes it on release instead of using it again. */
  discard(): void {
    this.#lost = true;
  }

  release(): void {
    this.client.off('error', this.#onError);
    this.client.release(this.#lost);
  }

  /** It broke between two statements; the next one says so. */
  readonly #onError = (): void => this.discard();

  #limitMs(): number {
    return Math.max(LEAST_TIMEOUT_MS, Math.ceil(this.deadline - performance.now()));
  }
}

/**
 * The limit for a server that does not answer at all. The driver's own counts the time this process stood still against
 * the server: its timer fires before the answer that waits in the socket is read.
 */
async function withinLimit<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let lastLook: NodeJS.Immediate | undefined;
  const limit = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(new Error('Query read timeout'));
    const wait = (ms: number): void => {
      const due = performance.now() + ms;
      timer = setTimeout(() => {
        // The server may have stood still with this process, and large answers take many reads.
        if (performance.now() - due > LEAST_TIMEOUT_MS) wait(LEAST_TIMEOUT_MS);
        else lastLook = setImmediate(giveUp); // Sockets are read before it.
      }, ms);
    };
    wait(limitMs);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
    clearImmediate(lastLook);
  }
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}
