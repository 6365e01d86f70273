import type { ToolTranscriptRow, TranscriptRow } from './transcript-rows.js';

/** So many calls in a row are shown as one. */
const GROUP_FROM = 5;

/** What stands in the list: a row, or a group of calls. */
export type ListItem =
  { readonly kind: 'row'; readonly key: string; readonly row: TranscriptRow; readonly isInGroup: boolean } | ToolGroup;

export interface ToolGroup {
  readonly kind: 'group';
  readonly key: string;
  readonly rows: readonly ToolTranscriptRow[];
  readonly failed: number;
  readonly isOpen: boolean;
}

/** Long runs of tool calls become groups; those that `isOpen` says are followed by their calls. Pure. */
export function foldRows(rows: readonly TranscriptRow[], isOpen: (groupKey: string) => boolean): ListItem[] {
  const items: ListItem[] = [];
  for (let index = 0; index < rows.length;) {
    const calls = callsFrom(rows, index);
    if (calls.length < GROUP_FROM) {
      const row = rows[index];
      if (row !== undefined) items.push({ kind: 'row', key: row.key, row, isInGroup: false });
      index += 1;
      continue;
    }
    items.push(...groupOf(calls, isOpen));
    index += calls.length;
  }
  return items;
}

/** Of which group a row is part: to open it for a link to the row. */
export function groupKeyOf(rows: readonly TranscriptRow[], rowKey: string): string | undefined {
  const groups = foldRows(rows, () => false).filter((item) => item.kind === 'group');
  return groups.find((group) => group.rows.some(({ key }) => key === rowKey))?.key;
}

function callsFrom(rows: readonly TranscriptRow[], from: number): ToolTranscriptRow[] {
  const calls: ToolTranscriptRow[] = [];
  for (let index = from; index < rows.length; index += 1) {
    const row = rows[index];
    if (row?.kind !== 'tool') break;
    calls.push(row);
  }
  return calls;
}

function groupOf(rows: readonly ToolTranscriptRow[], isOpen: (groupKey: string) => boolean): ListItem[] {
  const key = `group:${rows[0]?.key ?? ''}`;
  const failed = rows.filter(({ status }) => status === 'failed').length;
  const group: ToolGroup = { kind: 'group', key, rows, failed, isOpen: isOpen(key) };
  if (!group.isOpen) return [group];
  return [group, ...rows.map((row): ListItem => ({ kind: 'row', key: row.key, row, isInGroup: true }))];
}
