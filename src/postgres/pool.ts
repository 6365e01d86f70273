import pg from 'pg';
import { unavailable } from '../domain/errors.js';
import { Connection } from './connection.js';
import type { Queryable, Statement } from './queryable.js';

export interface DatabaseOptions {
  /** Holds the password: not for logs. */
  readonly connectionString: string;
  /** Default 10. */
  readonly maxConnections?: number;
  /** To reach the server, or to wait for a free connection. Default 1,500. */
  readonly connectTimeoutMs?: number;
  /** For one call, connecting included, however many statements it takes. Default 1,750: who asks once is refused within two seconds. */
  readonly queryTimeoutMs?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** Told of idle connections that broke and of a listener that cannot connect; calls report their own failures. */
  readonly onConnectionError?: (error: unknown) => void;
}

/** Our bigints (sequence numbers, milliseconds, versions) are far below 2^53. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** Settings that the pool's and the listener's connections share. */
export function connectionConfig(options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: options.connectionString,
    application_name: options.applicationName ?? 'agentrun',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 1_500,
    keepAlive: true,
    types,
  };
}

/**
 * Connections to PostgreSQL. Every call answers within its time: a server that is down, hung or full is
 * `unavailable('database')` in less than two seconds, and the statement it may still be working on is given up there too.
 */
export class Database implements Queryable {
  readonly #pool: pg.Pool;
  readonly #queryTimeoutMs: number;

  constructor(readonly options: DatabaseOptions) {
    this.#queryTimeoutMs = options.queryTimeoutMs ?? 1_750;
    this.#pool = new pg.Pool({
      ...connectionConfig(options),
      max: options.maxConnections ?? 10,
      // The server's own limits, so that a client that vanished does not hold its locks. Somewhat sooner than ours: a
      // statement that only waits for a lock is then given up without giving up its connection.
      statement_timeout: Math.ceil(0.9 * this.#queryTimeoutMs),
      idle_in_transaction_session_timeout: 2 * this.#queryTimeoutMs,
    });
    // Without a listener a server's restart would end the process.
    this.#pool.on('error', (error) => options.onConnectionError?.(error));
  }

  query<Row extends pg.QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    return this.#withConnection(this.#queryTimeoutMs, (connection) => connection.query<Row>(statement, values));
  }

  /** All or nothing, at READ COMMITTED. Throws what `work` throws, after rolling back. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return this.#withConnection(this.#queryTimeoutMs, async (connection) => {
      await connection.query('BEGIN');
      try {
        const result = await work(connection);
        await connection.query('COMMIT');
        return result;
      } catch (error) {
        await connection.rollback();
        throw error;
      }
    });
  }

  /** A connection for statements that may take long and cannot stand in a transaction (maintenance). */
  session<T>(timeoutMs: number, work: (connection: Queryable) => Promise<T>): Promise<T> {
    return this.#withConnection(timeoutMs, async (connection) => {
      await connection.query(`SET statement_timeout = ${Math.floor(timeoutMs)}`);
      try {
        return await work(connection);
      } finally {
        connection.discard();
      }
    });
  }

  async ready(): Promise<{ ready: boolean; message?: string }> {
    try {
      await this.query('SELECT 1');
      return { ready: true };
    } catch {
      return { ready: false, message: 'the database does not answer' };
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #withConnection<T>(timeoutMs: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw unavailable('database', error);
    });
    const connection = new Connection(client, deadline);
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }
}
