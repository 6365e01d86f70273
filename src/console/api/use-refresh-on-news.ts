import { useEffect, useRef } from 'preact/hooks';
import type { Conversation } from './conversation.js';

const AT_MOST_EVERY_MS = 1_000;

/** What stands beside a transcript is asked for again soon after something has happened in it. */
export function useRefreshOnNews(conversation: Conversation, refresh: readonly (() => void)[]): void {
  const isWaiting = useRef(false);
  useEffect(() => {
    if (conversation.arrived === 0 || isWaiting.current) return;
    isWaiting.current = true;
    setTimeout(() => {
      isWaiting.current = false;
      for (const each of refresh) each();
    }, AT_MOST_EVERY_MS);
  }, [conversation.arrived]);
}
