import { useEffect, useRef } from 'preact/hooks';
import type { SessionSummary } from '../../client/index.js';
import { useConsole } from './console-context.js';

export interface Marks {
  /** The end of the transcript is in sight, of somebody who is there. */
  readonly onSeen: () => void;
  /** It stays unread until something new happens, or another page shows it. */
  readonly markUnread: () => void;
}

/** Marks as read what somebody sees; once for each time that something is unread. */
export function useMarkRead(session: SessionSummary | undefined, onMarked: () => void): Marks {
  const { client, readerId, announce } = useConsole();
  const isSeen = useRef(false);
  const markedAt = useRef('');
  const mark = () => {
    if (session === undefined || !session.unread || session.active) return;
    if (markedAt.current === session.lastActivityAt) return;
    markedAt.current = session.lastActivityAt;
    void client.sessions.markRead(session.sessionId, readerId).then(onMarked, () => (markedAt.current = ''));
  };
  useEffect(() => {
    const onFocus = () => isSeen.current && mark();
    if (isSeen.current && document.hasFocus()) mark();
    window.addEventListener('focus', onFocus);
    return () => window.removeEventListener('focus', onFocus);
  });
  return {
    onSeen: () => {
      isSeen.current = true;
      mark();
    },
    markUnread: () => {
      if (session === undefined) return;
      markedAt.current = session.lastActivityAt;
      announce('marked unread');
      void client.sessions.markUnread(session.sessionId, readerId).then(onMarked, () => undefined);
    },
  };
}
