import { useEffect, useMemo, useReducer } from 'preact/hooks';
import type { ConversationSource } from './conversation-source.js';
import { Conversation } from './conversation.js';

/** The conversation of a source, for as long as its component is there; drawn again whenever it changes. */
export function useConversation(source: ConversationSource): Conversation {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const conversation = useMemo(() => new Conversation(source, () => redraw(undefined)), [source]);
  useEffect(() => conversation.start(), [conversation]);
  return conversation;
}
