import { InvalidArgumentError } from 'commander';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `1.5h` to milliseconds; as an argument's parser. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('Give a number with its unit: 500ms, 90s, 10m, 2h, 1d.');
  return Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
}

/** `12 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d`. */
export function spell(ms: number): string {
  if (ms < 95) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(minutes, 'min', Math.floor(seconds % 60), 's');
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? withRest(hours, 'h', minutes % 60, 'min') : `${Math.floor(hours / 24)} d`;
}

/** How long ago: `now`, `12 s ago`, `3 min ago`. */
export function ago(ms: number): string {
  return ms < 1_000 ? 'now' : `${roughly(ms)} ago`;
}

/** To whole units: `12 s`, `3 min`, `2 h`, `3 d`. */
export function roughly(ms: number): string {
  if (ms < 119_500) return `${Math.max(0, Math.round(ms / 1_000))} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${restUnit}`;
}

/** For a column: `12s`, `4m`, `2h`, `3d`. */
export function shortAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 100) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes}m`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1_440)}d`;
}

/** The time on this machine's clock: `14:02:11`, and with its date where that is not today: `2026-03-01 14:02:11`. */
export function clockTime(atMs: number, nowMs = atMs): string {
  const [date, time] = localTime(atMs);
  return date === localTime(nowMs)[0] ? time : `${date} ${time}`;
}

function localTime(atMs: number): [date: string, time: string] {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return [date, [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')];
}
