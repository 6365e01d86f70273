import { useState } from 'preact/hooks';
import type { ListItem } from '../model/fold-rows.js';
import type { Folds } from './use-folds.js';
import { useKeys } from './use-keys.js';
import type { VirtualRows } from './use-virtual-rows.js';

/** Moving through a transcript by keys; answers the key of the row that is chosen. */
export function useTranscriptKeys(items: readonly ListItem[], list: VirtualRows, folds: Folds): string | null {
  const [selected, setSelected] = useState<string | null>(null);
  const firstSeen = list.range?.startIndex ?? 0;
  const selectedIndex = items.findIndex(({ key }) => key === selected);
  const from = selectedIndex < 0 ? firstSeen : selectedIndex;
  const select = (index: number) => {
    const at = Math.max(0, Math.min(items.length - 1, index));
    setSelected(items[at]?.key ?? null);
    list.scrollToIndex(at, { align: 'auto' });
  };
  const stepPrompt = (by: 1 | -1) => {
    for (let index = from + by; index >= 0 && index < items.length; index += by) {
      if (!isBeginning(items[index])) continue;
      select(index);
      return;
    }
  };
  useKeys({
    j: () => select(selectedIndex < 0 ? firstSeen : from + 1),
    k: () => select(from - 1),
    ']': () => stepPrompt(1),
    '[': () => stepPrompt(-1),
    f: () => (list.isAtEnd() ? select(firstSeen) : list.scrollToEnd()),
    o: () => {
      const item = items[selectedIndex];
      if (item !== undefined) folds.toggle(item);
    },
  });
  return selected;
}

/** Of a turn, or of a run. */
function isBeginning(item: ListItem | undefined): boolean {
  return item?.kind === 'row' && (item.row.kind === 'user' || item.row.kind === 'run');
}
