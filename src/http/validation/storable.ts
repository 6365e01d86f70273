import { invalid } from '../../domain/errors.js';

const MAX_DEPTH = 100;

/** PostgreSQL stores neither the character U+0000 nor half a surrogate pair. */
const UNSTORABLE = /[\0\p{Cs}]/u;

/**
 * Refuses what no store of ours could keep, naming the field. Walks without recursion: the body may be as deep as it is large.
 * @throws schema-invalid
 */
export function assertStorable(body: unknown): void {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: body, path: '', depth: 0 }];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, path, depth } = node;
    if (typeof value === 'string' && UNSTORABLE.test(value)) throw unstorable(path);
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) throw invalid('body', `the body is nested deeper than ${MAX_DEPTH} levels`);
    const list = Array.isArray(value);
    for (const [key, child] of Object.entries(value)) {
      if (!list && UNSTORABLE.test(key)) throw unstorable(path);
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
