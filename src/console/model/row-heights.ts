import type { ListItem } from './fold-rows.js';

/** About how high a row will be, in pixels, before it is drawn. Pure. */
export function estimatedHeight(item: ListItem | undefined): number {
  if (item?.kind !== 'row') return 36;
  const { row } = item;
  if (row.kind === 'user') return 44 + 20 * Math.min(12, row.text.split('\n').length);
  if (row.kind === 'assistant') return 24 + 20 * Math.ceil(row.text.length / 90);
  if (row.kind === 'diff') return 40 + 20 * row.files.reduce((sum, { lines }) => sum + Math.min(120, lines.length), 0);
  return 36;
}
