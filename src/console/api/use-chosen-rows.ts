import { useState } from 'preact/hooks';
import type { InboxRow } from '../model/inbox-rows.js';

export interface ChosenRows {
  /** Those that are still there, in the order in which they stand. */
  readonly rows: readonly InboxRow[];
  readonly has: (row: InboxRow) => boolean;
  readonly toggle: (row: InboxRow) => void;
  /** From the row that was chosen last to this one. */
  readonly extendTo: (row: InboxRow) => void;
  readonly choose: (rows: readonly InboxRow[]) => void;
}

/** Rows that somebody chose to do something with all of them. */
export function useChosenRows(visible: readonly InboxRow[]): ChosenRows {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const [anchor, setAnchor] = useState<string | null>(null);
  const toggle = (row: InboxRow) => {
    const next = new Set(keys);
    if (!next.delete(row.key)) next.add(row.key);
    setKeys(next);
    setAnchor(row.key);
  };
  const extendTo = (row: InboxRow) => {
    const [from, to] = [visible.findIndex(({ key }) => key === anchor), visible.indexOf(row)];
    if (from < 0 || to < 0) {
      toggle(row);
      return;
    }
    const between = visible.slice(Math.min(from, to), Math.max(from, to) + 1);
    setKeys(new Set([...keys, ...between.map(({ key }) => key)]));
    setAnchor(row.key);
  };
  return {
    rows: visible.filter(({ key }) => keys.has(key)),
    has: ({ key }) => keys.has(key),
    toggle,
    extendTo,
    choose: (rows) => setKeys(new Set(rows.map(({ key }) => key))),
  };
}
