import { cut } from './activity.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** An age: `4.0 s`, `40 s`, `3 min`, `2 h`. */
export function ageInWords(ms: number): string {
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  return ms < 2 * MINUTE_MS ? `${Math.round(ms / SECOND_MS)} s` : durationInWords(roundTo(ms, MINUTE_MS));
}

/** A limit or another length that somebody chose, without loss: `1.5 s`, `90 s`, `1 h`. */
export function durationInWords(ms: number): string {
  if (ms >= HOUR_MS && ms % HOUR_MS === 0) return `${ms / HOUR_MS} h`;
  if (ms >= 2 * MINUTE_MS && ms % MINUTE_MS === 0) return `${ms / MINUTE_MS} min`;
  return ms % SECOND_MS === 0 || ms >= SECOND_MS ? `${ms / SECOND_MS} s` : `${ms} ms`;
}

/** Somebody's words as a part of a sentence of ours: the first line of them, no full stop, at most so long. */
export function asClause(words: string, length: number): string {
  const line = cut(words.trim().split('\n', 1)[0] ?? '', length).replace(/[.;:,\s]+$/, '');
  // A name in capitals, or one word of codex's, stays as it is.
  return /^(The|No|A|An|Its|It) /.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
}

function roundTo(ms: number, unitMs: number): number {
  return Math.round(ms / unitMs) * unitMs;
}
