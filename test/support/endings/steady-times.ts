type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const START_MS = Date.parse('2026-01-01T00:00:00.000Z');
/** A shorter gap says how fast a machine was; a longer one is a limit, a lease or a backoff. */
const LONG_MS = 1_500;
const STEP_MS = 100;
const SECOND_MS = 1_000;

/**
 * The same with other times, in the same order: short gaps between moments are all alike, longer ones are rounded to seconds.
 * So a recording changes little when it is made again, and still tells how long a limit was.
 */
export function steadyTimes(value: Json): Json {
  const moments = new Set<number>();
  visit(value, (ms) => void moments.add(ms));
  const steady = new Map<number, number>();
  let [last, at] = [NaN, START_MS];
  for (const ms of [...moments].sort((a, b) => a - b)) {
    const gap = ms - last;
    if (!Number.isNaN(gap)) at += gap < LONG_MS ? STEP_MS : Math.round(gap / SECOND_MS) * SECOND_MS;
    steady.set(ms, at);
    last = ms;
  }
  return visit(value, (ms) => steady.get(ms) ?? ms);
}

function visit(value: Json, replace: (ms: number) => number | void, key = ''): Json {
  if (Array.isArray(value)) return value.map((inner) => visit(inner, replace));
  if (typeof value === 'string' && ISO.test(value)) return new Date(replace(Date.parse(value)) ?? 0).toISOString();
  if (typeof value === 'number' && key.endsWith('AtMs')) return replace(value) ?? 0;
  if (typeof value === 'number' && key === 'nowMs') return replace(value) ?? 0;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, visit(inner, replace, name)]));
}
