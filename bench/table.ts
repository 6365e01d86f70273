import type { Fleet } from './cases/fleet.js';
import type { Histories } from './histories.js';
import type { Comparison, Ratio, Series } from './rounds.js';

/** A comparison as text: one line a series, its ratios with their quartiles over the rounds. */
export function comparisonTable({ title, rounds, series }: Comparison): string {
  const floors = [...new Set(series.flatMap(({ ratios }) => ratios.map(({ floor }) => floor)))];
  const alone = floors.length > 1 && series.every(({ ratios }) => ratios.length <= 1);
  const divided = alone ? ['÷ its floor'] : floors.map((floor) => `÷ ${floor}`);
  const spenders = Object.keys(series.find(({ cpuMs }) => cpuMs !== undefined)?.cpuMs ?? {});
  const head = ['', 'n', 'p50 ms', 'p99 ms', 'per s', ...spenders.map((who) => `CPU ms: ${who}`), ...divided];
  const rows = series.map((one) => [
    one.name,
    String(one.operations),
    milliseconds(one.p50Ms),
    milliseconds(one.p99Ms),
    figure(one.perSecond),
    ...spenders.map((who) => milliseconds(one.cpuMs?.[who] ?? 0)),
    ...(alone ? [ratio(one.ratios[0])] : floors.map((floor) => ratio(ratioTo(one, floor)))),
  ]);
  return `${title} · ${rounds} ${rounds === 1 ? 'round' : 'rounds'}\n${columns([head, ...rows])}`;
}

/** Numbers of history events, by type. */
export function historyTables({ histories, idleHours }: Histories): string {
  const total = histories.map((history) => [history.name, history.events, history.bytes, types(history.byType)]);
  const idle = idleHours.map((hour) => [hour.name, figure(hour.eventsPerHour), types(hour.byType)]);
  return [
    'Temporal history of one run',
    columns([['', 'events', 'bytes', 'by type'], ...total.map((row) => row.map(String))], 'text last'),
    '\nTemporal history events in an idle hour',
    columns([['', 'events', 'by type'], ...idle], 'text last'),
  ].join('\n');
}

/** What live runs hold of memory, and what they take of the processors. */
export function fleetTables({ steps, renewals, cpuMsPerOpening }: Fleet): string {
  const parts = Object.keys(cpuMsPerOpening) as (keyof typeof cpuMsPerOpening)[];
  const held = steps.map(({ runs, memoryMiB }) => [String(runs), ...parts.map((part) => figure(memoryMiB[part]))]);
  const { perSecond, everyMs, seconds, cpuMsPerSecond } = renewals;
  const used = [
    ['create and claim a run, CPU ms', ...parts.map((part) => figure(cpuMsPerOpening[part]))],
    [`${figure(perSecond)} renewals a second, CPU ms`, ...parts.map((part) => figure(cpuMsPerSecond[part]))],
  ];
  return [
    'Memory of live runs, MiB',
    columns([['live runs', ...parts], ...held]),
    `\nWhat they take (renewals: each run's once in ${everyMs / 1_000} s, over ${seconds} s)`,
    columns([['', ...parts], ...used]),
  ].join('\n');
}

function types(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([type, count]) => `${figure(count)} ${type}`).join(', ');
}

function ratioTo(series: Series, floor: string): Ratio | undefined {
  return series.ratios.find((one) => one.floor === floor);
}

function ratio(found: Ratio | undefined): string {
  if (found === undefined) return '';
  return `${figure(found.median)} (${figure(found.low)}–${figure(found.high)})`;
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}

function figure(value: number): string {
  if (Number.isInteger(value) || value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The first column to the left, numbers to the right; a last column of text as it comes. */
function columns(rows: readonly (readonly string[])[], last: 'text last' | 'number last' = 'number last'): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const isText = (column: number) => column === 0 || (last === 'text last' && column === widths.length - 1);
  const pad = (cell: string, column: number) =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(pad).join('  ').trimEnd()}`).join('\n');
}
