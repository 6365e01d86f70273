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
      return await this.client.query<Row>({ ...named, values: values.map(storable), ...this.#timeout() });
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

  /** The driver's own limit for a server that does not answer at all; its type does not know it per query. */
  #timeout(): object {
    return { query_timeout: Math.max(LEAST_TIMEOUT_MS, Math.ceil(this.deadline - performance.now())) };
  }
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}
