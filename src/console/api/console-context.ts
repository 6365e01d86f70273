import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { AgentRun, Installation } from '../../client/index.js';
import type { Inbox } from '../model/inbox-rows.js';
import type { Place } from '../model/place.js';
import type { Polled } from './use-poll.js';

/** What every page of a console that is logged in may use. */
export interface Console {
  readonly client: AgentRun;
  readonly installation: Installation;
  /** Whose unread marks count. */
  readonly readerId: string;
  readonly inbox: Polled<Inbox>;
  readonly go: (place: Place, options?: { readonly replace?: boolean }) => void;
  /** Told to those who hear the page rather than see it. */
  readonly announce: (words: string) => void;
  readonly logOut: () => void;
}

export const ConsoleContext = createContext<Console | null>(null);

export function useConsole(): Console {
  const console = useContext(ConsoleContext);
  if (console === null) throw new Error('used outside of a console that is logged in');
  return console;
}

/** Operators that share a token share their marks. */
export function readerIdOf({ operator }: Installation): string {
  return `web:${operator.name.replaceAll(/[^A-Za-z0-9._:@-]/g, '-')}`.slice(0, 128);
}
