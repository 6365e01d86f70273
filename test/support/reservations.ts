import type { Reservation } from '../../src/ports/reservation.js';

/** A request's key as a caller gives it, with plain values where a test says nothing. */
export function reservation(given: Partial<Reservation> = {}): Reservation {
  return { tenantId: 'tenant-a', route: 'POST things', key: 'key-1', bodyHash: 'hash-1', ...given };
}
