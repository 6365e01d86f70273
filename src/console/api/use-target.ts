import { useEffect, useRef, useState } from 'preact/hooks';
import { groupKeyOf, type ListItem } from '../model/fold-rows.js';
import type { EventRef } from '../model/place.js';
import { addressOfEvent, targetRow } from '../model/row-target.js';
import type { Conversation } from './conversation.js';
import type { Folds } from './use-folds.js';
import type { VirtualRows } from './use-virtual-rows.js';

/** Goes to the event that a link points at, further back than what is loaded where it must; answers the row's key. */
export function useTarget(
  conversation: Conversation,
  at: EventRef | null,
  { items, list, folds }: { readonly items: readonly ListItem[]; readonly list: VirtualRows; readonly folds: Folds },
): string | null {
  const [target, setTarget] = useState<string | null>(null);
  const address = at === null ? null : addressOfEvent(at);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (at === null || !conversation.isLoaded || shown.current === address) return;
    const { rows } = conversation.transcript;
    const row = targetRow(rows, at, !conversation.hasOlder);
    if (row === undefined) {
      void conversation.loadOlder();
      return;
    }
    shown.current = address;
    const group = groupKeyOf(rows, row.key);
    if (group !== undefined) folds.open(group);
    setTarget(row.key);
  }, [address, conversation.isLoaded, conversation.eventCount]);
  useInView(list, target, target === null ? -1 : items.findIndex(({ key }) => key === target));
  return target;
}

/** So many frames in view, and it stays there: heights are known by then. */
const SETTLED_FRAMES = 10;

/** Brings a row into view and holds it there while the rows around it get their heights, unless somebody scrolls meanwhile. */
function useInView(list: VirtualRows, target: string | null, index: number): void {
  const settled = useRef<string | null>(null);
  useEffect(() => {
    if (index < 0 || settled.current === target) return;
    let frame = 0;
    let inView = 0;
    const settle = () => {
      settled.current = target;
      cancelAnimationFrame(frame);
    };
    const look = () => {
      const { range } = list;
      const isInView = range !== null && index >= range.startIndex && index <= range.endIndex;
      inView = isInView ? inView + 1 : 0;
      if (!isInView) list.scrollToIndex(index, { align: 'center' });
      if (inView >= SETTLED_FRAMES) settle();
      else frame = requestAnimationFrame(look);
    };
    list.scrollToIndex(index, { align: 'center' });
    frame = requestAnimationFrame(look);
    for (const act of ACTS) window.addEventListener(act, settle, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      for (const act of ACTS) window.removeEventListener(act, settle);
    };
  }, [target, index]);
}

const ACTS = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;

/** What is older comes when somebody scrolls up to where it begins. */
export function useOlder(conversation: Conversation, firstIndex: number, count: number): void {
  const hasMoved = useRef(false);
  hasMoved.current ||= firstIndex > 10 && count > 20;
  useEffect(() => {
    if (hasMoved.current && firstIndex < 3 && conversation.hasOlder) void conversation.loadOlder();
  }, [firstIndex, count]);
}
