import { idempotencyConflict, unavailable } from '../domain/errors.js';
import type { Drafted, Reservation } from '../ports/run-store.js';
import type { Queryable } from './queryable.js';

/** How often a key may be found whose draft is being taken back in that moment. */
const TRIES = 5;

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

/** The thing that was made with this key; undefined where none was. @throws idempotency-conflict when it was with another body. */
export async function findReserved(database: Queryable, reservation: Reservation): Promise<string | undefined> {
  const found = await findKey(database, reservation);
  if (found !== undefined && found.body_hash !== reservation.bodyHash) throw idempotencyConflict();
  return found?.thing_id;
}

async function findKey(transaction: Queryable, { tenantId, route, key }: Reservation) {
  const { rows } = await transaction.query<{ thing_id: string; body_hash: string }>(
    'SELECT thing_id, body_hash FROM idempotency_keys WHERE tenant_id = $1 AND route = $2 AND key = $3',
    [tenantId, route, key],
  );
  return rows[0];
}
