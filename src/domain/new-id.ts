import { v7 } from 'uuid';
import type { IdPrefix } from './ids.js';

/** A fresh id: prefix and a UUIDv7 without dashes (RFC 9562), so that ids sort by creation time. Not for workflow code: it is not deterministic. */
export function newId(prefix: IdPrefix): string {
  return idOf(prefix, v7());
}

/** As `newId`, for what every request needs: it sorts to the millisecond only. */
export function newTraceId(): string {
  return idOf('trc', v7({ random: sixteenRandomBytes() }));
}

function idOf(prefix: IdPrefix, uuid: string): string {
  return `${prefix}_${uuid.replaceAll('-', '')}`;
}

/** Asking the system for so many bytes takes as long as asking for a few. */
const pool = new Uint8Array(4_096);
let used = pool.length;

function sixteenRandomBytes(): Uint8Array {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += 16;
  return pool.subarray(used - 16, used);
}
