import type { RenewedRun } from '../contract/lease.js';
import { leaseLost, missing } from '../domain/errors.js';
import type { LeaseRenewal } from '../ports/lease-store.js';
import type { Database } from './pool.js';
import { RUN_COLUMNS, toRunRecord, type RunRow } from './run-mapping.js';

/** Cancel marks and the watermark are taken from the lease row: it is the one that was locked and read last. */
const ANSWER = `SELECT ${RUN_COLUMNS}, l.expires_at AS lease_expires_at, l.cancel_command_ids,
    coalesce(l.cancel_requested_at, r.cancel_requested_at) AS cancel_requested_at,
    greatest(l.last_command_seq, r.last_command_seq) AS last_command_seq
  FROM renewed l JOIN runs r ON r.id = l.run_id`;

const RENEW = {
  name: 'renew_lease',
  text: `WITH renewed AS (
    UPDATE run_leases SET lease_ms = $4::bigint, expires_at = clock_timestamp() + $4::bigint * interval '1 ms'
    WHERE run_id = $1 AND runner_id = $2 AND alive AND ($3::int IS NULL OR attempt = $3)
    RETURNING run_id, expires_at, cancel_requested_at, cancel_command_ids, last_command_seq
  )
  ${ANSWER}`,
};

/** A row that somebody else holds is left out: nobody waits here for a lock of another run's, and so nobody deadlocks. */
const RENEW_TOGETHER = {
  name: 'renew_leases',
  text: `WITH held AS MATERIALIZED (
    SELECT own.run_id, asked.lease_ms
    FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) AS asked (run_id, runner_id, attempt, lease_ms)
    CROSS JOIN LATERAL (
      SELECT run_id FROM run_leases
      WHERE run_id = asked.run_id AND runner_id = asked.runner_id AND alive
        AND (asked.attempt IS NULL OR attempt = asked.attempt)
      FOR NO KEY UPDATE SKIP LOCKED
    ) AS own
  ), renewed AS (
    UPDATE run_leases l SET lease_ms = held.lease_ms, expires_at = clock_timestamp() + held.lease_ms * interval '1 ms'
    FROM held WHERE l.run_id = held.run_id
    RETURNING l.run_id, l.expires_at, l.cancel_requested_at, l.cancel_command_ids, l.last_command_seq
  )
  ${ANSWER}`,
};

/** A heartbeat waits no longer than this for the statement before it: that one may hang, and each has its own time. */
const PATIENCE_MS = 20;
const MOST_TOGETHER = 200;

interface Asked {
  readonly lease: LeaseRenewal;
  readonly answer: (renewed: RenewedRun | Promise<RenewedRun>) => void;
  readonly fail: (error: unknown) => void;
}

type Row = RunRow & { readonly cancel_command_ids: string[] };

/**
 * Heartbeats that come while a statement is under way go together in the next one, so that many runners cost the
 * database little more than a few. Each is tested by its own fence and gets its own answer; one that comes alone waits for nobody.
 */
export class LeaseRenewals {
  /** By run. */
  readonly #waiting = new Map<string, Asked>();
  #underWay = 0;
  #patience: NodeJS.Timeout | undefined;

  constructor(private readonly database: Database) {}

  /** See `LeaseStore.renew`. */
  async renew(lease: LeaseRenewal): Promise<RenewedRun> {
    if (this.#underWay === 0) return this.#counted(() => this.#alone(lease));
    if (this.#waiting.has(lease.runId)) return this.#alone(lease);
    return new Promise((answer, fail) => {
      this.#waiting.set(lease.runId, { lease, answer, fail });
      this.#patience ??= setTimeout(() => this.#sendWaiting(), PATIENCE_MS);
    });
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#sendWaiting();
    }
  }

  #sendWaiting(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const asked = [...this.#waiting.values()].slice(0, MOST_TOGETHER);
    for (const { lease } of asked) this.#waiting.delete(lease.runId);
    if (this.#waiting.size > 0) this.#patience = setTimeout(() => this.#sendWaiting(), PATIENCE_MS);
    if (asked.length > 0) void this.#counted(() => this.#together(asked));
  }

  async #together(asked: readonly Asked[]): Promise<void> {
    try {
      const leases = asked.map(({ lease }) => lease);
      const { rows } = await this.database.query<Row>(RENEW_TOGETHER, [
        leases.map((lease) => lease.runId),
        leases.map((lease) => lease.runnerId),
        leases.map((lease) => lease.attempt ?? null),
        leases.map((lease) => lease.leaseMs),
      ]);
      const renewed = new Map(rows.map((row) => [row.id, row]));
      for (const { lease, answer } of asked) {
        const row = renewed.get(lease.runId);
        // Not held, or its row is held by somebody: alone it waits for that, or is told why not.
        answer(row === undefined ? this.#alone(lease) : toRenewedRun(row));
      }
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }

  async #alone({ runId, runnerId, attempt, leaseMs }: LeaseRenewal): Promise<RenewedRun> {
    const { rows } = await this.database.query<Row>(RENEW, [runId, runnerId, attempt ?? null, leaseMs]);
    if (rows[0] === undefined) throw await this.#whyNot(runId);
    return toRenewedRun(rows[0]);
  }

  async #whyNot(runId: string): Promise<Error> {
    const { rowCount } = await this.database.query('SELECT FROM run_leases WHERE run_id = $1', [runId]);
    return rowCount === 0 ? missing('run', runId) : leaseLost(runId);
  }
}

function toRenewedRun(row: Row): RenewedRun {
  return { ...toRunRecord(row), cancelCommandIds: row.cancel_command_ids };
}
