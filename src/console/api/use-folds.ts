import { useState } from 'preact/hooks';
import type { ListItem } from '../model/fold-rows.js';
import { isOpenByItself } from '../model/row-folds.js';
import type { TranscriptRow } from '../model/transcript-rows.js';

/** What somebody folded or unfolded; everything else is as it is by itself. */
export interface Folds {
  readonly chosen: ReadonlyMap<string, boolean>;
  isOpen(item: ListItem): boolean;
  toggle(item: ListItem): void;
  open(key: string): void;
}

export function useFolds(rows: readonly TranscriptRow[]): Folds {
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const byItself = (item: ListItem) => item.kind === 'row' && isOpenByItself(item.row, rows);
  return {
    chosen,
    isOpen: (item) => chosen.get(item.key) ?? byItself(item),
    // Rows that were not drawn again hold an earlier `toggle`: what is chosen now is what counts.
    toggle: (item) => setChosen((now) => new Map(now).set(item.key, !(now.get(item.key) ?? byItself(item)))),
    open: (key) => setChosen((now) => (now.get(key) === true ? now : new Map(now).set(key, true))),
  };
}
