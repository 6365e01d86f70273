import { idempotencyConflict, unavailable } from '../domain/errors.js';
import type { Reservation } from '../ports/reservation.js';
import type { Drafted } from '../ports/run-store.js';
import type { Queryable } from './queryable.js';

/** How often a key may be found whose draft is being taken back in that moment. */
const TRIES = 5;

/**
 * Takes a key within the statement that makes the thing (`$5`): `$1` to `$4`, or null where none is asked for. The thing is made where
 * `KEY_IS_FREE`, and where the key's `source` has a row, if one is named. A statement that makes nothing leaves no key behind.
 */
export function takingKey(source = ''): string {
  return `taken AS (
    INSERT INTO idempotency_keys (tenant_id, route, key, body_hash, thing_id) SELECT $1, $2, $3, $4, $5 ${source}
    WHERE $3::text IS NOT NULL ON CONFLICT DO NOTHING RETURNING key
  )`;
}

export const KEY_IS_FREE = '($3::text IS NULL OR EXISTS (SELECT FROM taken))';

/** `$1` to `$5`. */
export function keyValues(reservation: Reservation | undefined, id: string): unknown[] {
  const { tenantId = null, route = null, key = null, bodyHash = null } = reservation ?? {};
  return [tenantId, route, key, bodyHash, id];
}

/**
 * Within a transaction: takes the key for `id`, or finds what it made before. `join` joins the other requests that try
 * to open that thing; it answers undefined when the thing was taken back meanwhile, and then the key is free as well.
 * Requests with one key wait for each other here, so that all of them go on with one id.
 */
export async function reserve(
  transaction: Queryable,
  reservation: Reservation,
  id: string,
  join: (thingId: string) => Promise<Drafted | undefined>,
): Promise<Drafted | undefined> {
  const { tenantId, route, key, bodyHash } = reservation;
  for (let tries = 0; tries < TRIES; tries++) {
    const inserted = await transaction.query(
      `INSERT INTO idempotency_keys (tenant_id, route, key, body_hash, thing_id) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [tenantId, route, key, bodyHash, id],
    );
    if (inserted.rowCount === 1) return undefined;
    const found = await findKey(transaction, reservation);
    if (found === undefined) continue;
    if (found.body_hash !== bodyHash) throw idempotencyConflict();
    const drafted = await join(found.thing_id);
    if (drafted !== undefined) return drafted;
  }
  throw unavailable('database');
}

/** What an earlier request with the key made, and what it came to where that was kept. @throws idempotency-conflict */
export async function findReserved(
  queryable: Queryable,
  reservation: Reservation,
): Promise<{ thingId: string; outcome: string | null } | undefined> {
  const found = await findKey(queryable, reservation);
  if (found === undefined) return undefined;
  if (found.body_hash !== reservation.bodyHash) throw idempotencyConflict();
  return { thingId: found.thing_id, outcome: found.outcome };
}

/** Keeps what a request with the key came to, unless another one was sooner; answers what is kept. */
export async function keepOutcome(
  queryable: Queryable,
  { tenantId, route, key }: Reservation,
  outcome: string,
): Promise<string> {
  const { rows } = await queryable.query<{ outcome: string }>(
    `UPDATE idempotency_keys SET outcome = coalesce(outcome, $4) WHERE tenant_id = $1 AND route = $2 AND key = $3
     RETURNING outcome`,
    [tenantId, route, key, outcome],
  );
  return rows[0]?.outcome ?? outcome;
}

export async function releaseKey(queryable: Queryable, { tenantId, route, key }: Reservation): Promise<void> {
  await queryable.query('DELETE FROM idempotency_keys WHERE tenant_id = $1 AND route = $2 AND key = $3', [
    tenantId,
    route,
    key,
  ]);
}

async function findKey(transaction: Queryable, { tenantId, route, key }: Reservation) {
  const { rows } = await transaction.query<{ thing_id: string; body_hash: string; outcome: string | null }>(
    'SELECT thing_id, body_hash, outcome FROM idempotency_keys WHERE tenant_id = $1 AND route = $2 AND key = $3',
    [tenantId, route, key],
  );
  return rows[0];
}
