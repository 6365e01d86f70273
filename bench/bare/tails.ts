import type { ServerResponse } from 'node:http';
import pg from 'pg';
import type { NewEvent } from '../../src/ports/event-store.js';

const CHANNEL = 'bench_tails';
const TABLE = `CREATE TABLE IF NOT EXISTS bench_tails (
  run_id text NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, payload json NOT NULL, PRIMARY KEY (run_id, seq))`;
const APPEND = {
  name: 'bare_tell',
  text: `WITH added AS (INSERT INTO bench_tails (run_id, payload) SELECT $1, p::json FROM unnest($2::text[]) AS p RETURNING seq),
    told AS MATERIALIZED (SELECT pg_notify('${CHANNEL}', $1))
    SELECT seq FROM added, told`,
};
const PAGE = {
  name: 'bare_page',
  text: 'SELECT seq, payload FROM bench_tails WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT 500',
};

/** The floor of following a run: rows and a NOTIFY in one statement; each follower selects what is new when it is woken, and writes it. */
export class BareTails {
  readonly #wake = new Map<string, Set<() => void>>();

  private constructor(
    private readonly pool: pg.Pool,
    private readonly listener: pg.Client,
  ) {}

  static async open(connectionString: string): Promise<BareTails> {
    const pool = new pg.Pool({ connectionString, max: 10 });
    pool.on('error', () => undefined);
    await pool.query(TABLE);
    const listener = new pg.Client({ connectionString });
    const tails = new BareTails(pool, listener);
    await listener.connect();
    listener.on('notification', ({ payload = '' }) => tails.#wake.get(payload)?.forEach((wake) => wake()));
    await listener.query(`LISTEN ${CHANNEL}`);
    return tails;
  }

  async append(runId: string, events: readonly NewEvent[]): Promise<unknown[]> {
    const payloads = events.map(({ payload }) => JSON.stringify(payload));
    return (await this.pool.query({ ...APPEND, values: [runId, payloads] })).rows;
  }

  follow(runId: string, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const wake = this.#follower(runId, response);
    const others = this.#wake.get(runId) ?? new Set();
    this.#wake.set(runId, others.add(wake));
    response.on('close', () => others.delete(wake));
  }

  async close(): Promise<void> {
    await this.listener.end();
    await this.pool.end();
  }

  /** One look at a time; what wakes it meanwhile is one more look. */
  #follower(runId: string, response: ServerResponse): () => void {
    let [seq, looking, again] = ['0', false, false];
    const look = async () => {
      looking = true;
      do {
        again = false;
        const { rows } = await this.pool.query({ ...PAGE, values: [runId, seq] });
        for (const row of rows) response.write(`id: ${row.seq}\ndata: ${JSON.stringify(row)}\n\n`);
        seq = rows.at(-1)?.seq ?? seq;
      } while (again);
      looking = false;
    };
    return () => {
      again = true;
      if (!looking) void look().catch(() => response.destroy());
    };
  }
}
