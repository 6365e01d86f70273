import { useRef, useState } from 'preact/hooks';
import { inShownOrder, movedRows, type InboxRow } from '../model/inbox-rows.js';

export interface HeldRows {
  readonly rows: readonly InboxRow[];
  /** How many stand elsewhere by now. */
  readonly moved: number;
  readonly hold: () => void;
  readonly release: () => void;
}

/** While somebody points at the list its rows stay where they are: what they say is fresh, where they stand is not. */
export function useHeldRows(fresh: readonly InboxRow[] | undefined): HeldRows {
  const shown = useRef<readonly InboxRow[]>([]);
  const [isHeld, setHeld] = useState(false);
  if (fresh !== undefined && !isHeld) shown.current = fresh;
  const isBehind = isHeld && fresh !== undefined;
  return {
    rows: isBehind ? inShownOrder(shown.current, fresh) : shown.current,
    moved: isBehind ? movedRows(shown.current, fresh) : 0,
    hold: () => setHeld(true),
    release: () => setHeld(false),
  };
}
