import { v7 } from 'uuid';
import type { IdPrefix } from './ids.js';

/** A fresh id: prefix and a UUIDv7 without dashes (RFC 9562), so that ids sort by creation time. Not for workflow code: it is not deterministic. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${v7().replaceAll('-', '')}`;
}
