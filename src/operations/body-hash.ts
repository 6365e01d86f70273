import { createHash } from 'node:crypto';

/** SHA-256 of a body's JSON with sorted keys and without its idempotency key: equal for bodies that ask for the same. */
export function bodyHash(body: Readonly<Record<string, unknown>>): string {
  const asked = { ...body, idempotencyKey: undefined };
  return createHash('sha256').update(JSON.stringify(asked, sortKeys)).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries);
}
