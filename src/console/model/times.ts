/** Times and amounts as people read them. Pure. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `850 ms`, `12 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function spell(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')} s`;
  const index = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[index] ?? ['s', 1_000];
  const whole = Math.floor(ms / size);
  const next = UNITS[index + 1];
  const rest = unit === 'h' && next !== undefined ? Math.floor((ms % size) / next[1]) : 0;
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${next?.[0] ?? ''}`;
}

/** As short as a column of a list needs it: `now`, `12s`, `5m`, `3h`, `2d`. */
export function age(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso);
  if (!(ms >= 5_000)) return 'now';
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1_000];
  return `${Math.floor(ms / size)}${unit === 'min' ? 'm' : unit}`;
}

/** `14:02:11` of today; with its date otherwise. Local time. */
export function clock(iso: string, nowMs: number): string {
  const date = new Date(iso);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  if (date.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${time}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** `950`, `12.3k`, `1.2M`. */
export function amount(count: number): string {
  if (count < 1_000) return String(count);
  const [value, unit] = count < 999_950 ? [count / 1_000, 'k'] : [count / 1_000_000, 'M'];
  return `${value < 100 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)}${unit}`;
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log2(count) / 10), units.length);
  return `${(count / 1_024 ** power).toFixed(1).replace(/\.0$/, '')} ${units[power - 1] ?? ''}`;
}

/* eslint-disable no-control-regex -- control characters are what is taken out */
const TERMINAL_COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;
const CONTROLS_AND_SPACES = /[\u0000-\u0020\u007f]+/g;
/* eslint-enable no-control-regex */

/** A text on one line, without what a terminal would take for colours. */
export function oneLine(text: string): string {
  return text.replaceAll(TERMINAL_COLOURS, '').replaceAll(CONTROLS_AND_SPACES, ' ').trim();
}

/** What an agent wrote as Markdown, on one line and without its marks. */
export function plainLine(text: string): string {
  return oneLine(text.replaceAll(/^ *(#{1,6}|[-*+]|\d+\.) +/gm, '').replaceAll(/\*\*|__|`/g, ''));
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
