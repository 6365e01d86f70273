import type pg from 'pg';
import { asFailure, isConnectionLost } from './failures.js';
import type { Queryable, Statement } from './queryable.js';
import { storableText } from './storable-text.js';

/** Even a call that is late gets this long for its next statement: an answer that is nearly there is better than none. */
const LEAST_TIMEOUT_MS = 100;
/** A timer that is so late says that the process did not run. */
const STOOD_STILL_MS = 100;
/** What an answer may take from then on. */
const AFTER_STANDSTILL_MS = 250;

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
      const answer = this.client.query<Row>({ ...named, values: values.map(storable) });
      return await answeredWithin(this.#leftMs(), answer);
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

  #leftMs(): number {
    return Math.max(LEAST_TIMEOUT_MS, Math.ceil(this.deadline - performance.now()));
  }
}

/**
 * For a server that does not answer at all. The driver's own limit is not used: a process that stood still finds its timers due before it
 * reads what arrived meanwhile, or before a server that stood still with it could answer, and would take that for a dead server.
 */
function answeredWithin<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error('the server did not answer in time'));
    const dueMs = performance.now() + limitMs;
    const ring = () => {
      if (performance.now() - dueMs < STOOD_STILL_MS) giveUp();
      else timer = setTimeout(giveUp, AFTER_STANDSTILL_MS);
    };
    let timer = setTimeout(ring, limitMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}
