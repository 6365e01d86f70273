import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventRef } from '../model/place.js';
import { addressOfEvent, targetRow } from '../model/row-target.js';
import type { Conversation } from './conversation.js';

/** Goes to the event that a link points at, further back than what is loaded where it must; answers the row's key. */
export function useTarget(
  conversation: Conversation,
  at: EventRef | null,
  show: (rowKey: string) => void,
): string | null {
  const [target, setTarget] = useState<string | null>(null);
  const address = at === null ? null : addressOfEvent(at);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (at === null || !conversation.isLoaded || shown.current === address) return;
    const row = targetRow(conversation.transcript.rows, at, !conversation.hasOlder);
    if (row === undefined) {
      if (conversation.hasOlder) void conversation.loadOlder();
      return;
    }
    shown.current = address;
    setTarget(row.key);
    show(row.key);
  }, [address, conversation.isLoaded, conversation.eventCount]);
  return target;
}

/** What is older comes when somebody scrolls up to where it begins. */
export function useOlder(conversation: Conversation, firstIndex: number, count: number): void {
  const hasMoved = useRef(false);
  hasMoved.current ||= firstIndex > 10 && count > 20;
  useEffect(() => {
    if (hasMoved.current && firstIndex < 3 && conversation.hasOlder) void conversation.loadOlder();
  }, [firstIndex, count]);
}
