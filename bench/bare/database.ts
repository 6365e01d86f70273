import pg from 'pg';
import type { NewEvent } from '../../src/ports/event-store.js';

const INSERT = {
  name: 'bare_insert',
  text: `INSERT INTO bench_events (run_id, type, payload, client_seq)
    SELECT $1, type, payload::json, client_seq FROM unnest($2::text[], $3::text[], $4::bigint[]) AS e (type, payload, client_seq)
    RETURNING seq, created_at`,
};
const RENEW = {
  name: 'bare_renew',
  text: `UPDATE bench_leases SET expires_at = clock_timestamp() + interval '1 minute' WHERE run_id = $1 RETURNING expires_at`,
};

/** The floor of what touches PostgreSQL: the same rows into a plain table, one narrow row updated, by prepared statements. */
export class BareDatabase {
  readonly #pool: pg.Pool;

  constructor(connectionString: string, connections: number) {
    this.#pool = new pg.Pool({ connectionString, max: connections });
    this.#pool.on('error', () => undefined);
  }

  async prepare(runIds: readonly string[]): Promise<void> {
    await this.#pool.query(`CREATE TABLE IF NOT EXISTS bench_events (
      run_id text NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, created_at timestamptz NOT NULL DEFAULT now(),
      type text NOT NULL, payload json NOT NULL, client_seq bigint)`);
    await this.#pool.query(
      'CREATE TABLE IF NOT EXISTS bench_leases (run_id text PRIMARY KEY, expires_at timestamptz) WITH (fillfactor = 50)',
    );
    await this.#pool.query('INSERT INTO bench_leases SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [runIds]);
  }

  async insert(runId: string, events: readonly NewEvent[]): Promise<unknown[]> {
    const types = events.map((event) => event.type);
    const payloads = events.map((event) => JSON.stringify(event.payload));
    const numbers = events.map((event) => event.clientSeq ?? null);
    return (await this.#pool.query({ ...INSERT, values: [runId, types, payloads, numbers] })).rows;
  }

  async renew(runId: string): Promise<unknown> {
    const { rows } = await this.#pool.query({ ...RENEW, values: [runId] });
    if (rows[0] === undefined) throw new Error('there is no such lease');
    return rows[0].expires_at;
  }

  async analyze(table: string): Promise<void> {
    await this.#pool.query(`ANALYZE ${table}`);
  }

  async query(text: string, values: unknown[] = []): Promise<pg.QueryResult> {
    return this.#pool.query(text, values);
  }

  /** Whether the statement finds a row. */
  async finds(text: string, values: unknown[]): Promise<boolean> {
    return ((await this.#pool.query(text, values)).rowCount ?? 0) > 0;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
