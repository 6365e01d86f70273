import { invalid } from '../../domain/errors.js';

const MAX_DEPTH = 100;

/** PostgreSQL stores neither the character U+0000 nor half a surrogate pair. */
const UNSTORABLE = /[\0\p{Cs}]/u;

/** As a field's name it would be taken for an object's prototype where the object is copied. */
const PROTOTYPE = '__proto__';

/**
 * Refuses what no store of ours could keep, and what could not be copied as it is, naming the field.
 * @throws schema-invalid
 */
export function assertStorable(body: unknown): void {
  // Nearly every body is, and the way to each of its values is of interest only where one is not.
  if (!isStorable(body, 0)) refuseUnstorable(body);
}

function isStorable(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return !UNSTORABLE.test(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((child) => isStorable(child, depth + 1));
  for (const key of Object.keys(value)) {
    if (key === PROTOTYPE || UNSTORABLE.test(key)) return false;
    if (!isStorable((value as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return true;
}

/** Walks without recursion: the body may be as deep as it is large. */
function refuseUnstorable(body: unknown): void {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: body, path: '', depth: 0 }];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, path, depth } = node;
    if (typeof value === 'string' && UNSTORABLE.test(value)) throw unstorable(path);
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) throw invalid('body', `the body is nested deeper than ${MAX_DEPTH} levels`);
    const list = Array.isArray(value);
    for (const [key, child] of Object.entries(value)) {
      if (!list && UNSTORABLE.test(key)) throw unstorable(path);
      if (key === PROTOTYPE) throw invalid(path || 'body', `${path || 'body'} must not have the field ${PROTOTYPE}`);
      open.push({ value: child, path: list ? `${path}[${key}]` : join(path, key), depth: depth + 1 });
    }
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function unstorable(path: string): Error {
  const field = path === '' ? 'body' : path.slice(0, 300);
  return invalid(field, `${field} must not contain the character U+0000 or half a surrogate pair`);
}
