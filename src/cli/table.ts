import { textWidth } from './terminal/text-width.js';

/** Left-aligned columns, two blanks apart. Cells may hold colours. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = widthsOf(rows);
  const pad = (cell: string, column: number) => cell + ' '.repeat((widths[column] ?? 0) - textWidth(cell));
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/** What is left of a line for one more column. */
export function roomBeside(rows: readonly (readonly string[])[], lineWidth: number): number {
  return widthsOf(rows).reduce((room, width) => room - width - 2, lineWidth);
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ''))));
}

/** For programs: one row a line, cells apart by tabs, nothing cut; a cell's own tabs and line ends become blanks. */
export function tabSeparated(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => row.map((cell) => String(cell ?? '').replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n');
}
