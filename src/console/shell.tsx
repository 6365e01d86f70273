import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, type AgentRun, type Installation } from '../client/index.js';
import { askInbox } from './api/ask-inbox.js';
import { ConsoleContext, readerIdOf, type Console } from './api/console-context.js';
import { useKeys } from './api/use-keys.js';
import { usePoll } from './api/use-poll.js';
import { HelpDialog } from './components/help-dialog.js';
import { TopBar } from './components/top-bar.js';
import { atLeast, tabState, type Inbox } from './model/inbox-rows.js';
import { addressOf, parsePlace, type Place } from './model/place.js';
import { InboxPage } from './pages/inbox-page.js';
import { NewTaskPage } from './pages/new-task-page.js';
import { ProfilesPage } from './pages/profiles-page.js';
import { QueuesPage } from './pages/queues-page.js';
import { RunPage } from './pages/run-page.js';
import { SessionPage } from './pages/session-page.js';
import { StatusPage } from './pages/status-page.js';
import { TaskPage } from './pages/task-page.js';

interface ShellProps {
  readonly client: AgentRun;
  readonly installation: Installation;
  readonly onLogOut: (reason: string | null) => void;
}

const INBOX_MS = 3_000;
/** On another page only the tab's title and icon show it. */
const ELSEWHERE_MS = 10_000;

const NOTHING_YET: Inbox = { rows: [], moreNeedYou: false };

/** What every page has around it, for somebody who is logged in. */
export function Shell({ client, installation, onLogOut }: ShellProps) {
  const { place, go } = usePlace();
  const [isHelpShown, setHelpShown] = useState(false);
  const [announced, announce] = useState('');
  const readerId = readerIdOf(installation);
  const pollMs = place.page === 'inbox' ? INBOX_MS : ELSEWHERE_MS;
  const inbox = usePoll(() => askInbox(client, readerId), pollMs, [client, readerId]);
  useEffect(() => {
    if (inbox.error instanceof ApiError && inbox.error.failureKind === 'auth-required')
      onLogOut('The token is not valid any more.');
  }, [inbox.error]);
  useTab(inbox.data, titleOf(place));
  useKeys({
    '?': () => setHelpShown(true),
    '/': () => go({ page: 'inbox', search: '', show: 'all' }),
  });
  const console = useMemo<Console>(
    () => ({ client, installation, readerId, inbox, go, announce, logOut: () => onLogOut(null) }),
    [client, installation, inbox.data, inbox.error, inbox.atMs, go],
  );
  return (
    <ConsoleContext.Provider value={console}>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <TopBar place={place} onHelp={() => setHelpShown(true)} />
      <main id="main" tabIndex={-1} class={`main main-${place.page}`}>
        <Page key={`${place.page}/${'id' in place ? place.id : ''}`} place={place} pollMs={pollMs} />
      </main>
      <div class="hidden-words" role="status" aria-live="polite">
        {announced}
      </div>
      {isHelpShown && <HelpDialog onClose={() => setHelpShown(false)} />}
    </ConsoleContext.Provider>
  );
}

function Page({ place, pollMs }: { readonly place: Place; readonly pollMs: number }) {
  switch (place.page) {
    case 'inbox':
      return <InboxPage search={place.search} show={place.show} pollMs={pollMs} />;
    case 'session':
      return <SessionPage id={place.id} at={place.at} />;
    case 'run':
      return <RunPage id={place.id} at={place.at} view={place.view} />;
    case 'task':
      return <TaskPage id={place.id} at={place.at} />;
    case 'new-task':
      return <NewTaskPage />;
    case 'queues':
      return <QueuesPage />;
    case 'profiles':
      return <ProfilesPage />;
    case 'status':
      return <StatusPage />;
    case 'unknown':
      return <p class="empty">There is no page at {place.path}.</p>;
  }
}

function titleOf(place: Place): string {
  switch (place.page) {
    case 'inbox':
    case 'unknown':
      return 'Inbox';
    case 'session':
      return place.id;
    case 'run':
      return `Run …${place.id.slice(-8)}`;
    case 'task':
      return `Task …${place.id.slice(-8)}`;
    case 'new-task':
      return 'New task';
    case 'queues':
      return 'Queues';
    case 'profiles':
      return 'Profiles';
    case 'status':
      return 'Health';
  }
}

/** Where somebody is, which the address says; links of the page to itself only change the event pointed at. */
function usePlace(): { place: Place; go: Console['go'] } {
  const [place, setPlace] = useState(() => parsePlace(location));
  const focused = useRef(place.page);
  useEffect(() => {
    const follow = () => setPlace(parsePlace(location));
    window.addEventListener('popstate', follow);
    window.addEventListener('hashchange', follow);
    return () => {
      window.removeEventListener('popstate', follow);
      window.removeEventListener('hashchange', follow);
    };
  }, []);
  useEffect(() => {
    if (focused.current !== place.page) document.getElementById('main')?.focus({ preventScroll: true });
    focused.current = place.page;
  }, [place.page]);
  const go = useCallback((next: Place, { replace = false } = {}) => {
    if (replace) history.replaceState(null, '', addressOf(next));
    else history.pushState(null, '', addressOf(next));
    setPlace(next);
  }, []);
  return { place, go };
}

/** The tab tells how it stands when another one is looked at. */
function useTab({ rows, moreNeedYou }: Inbox = NOTHING_YET, title: string): void {
  const { needYou, running, unread } = tabState(rows);
  useEffect(() => {
    document.title = `${needYou > 0 ? `(${atLeast(needYou, moreNeedYou)}) ` : ''}${title} · AgentRun`;
    const icon = needYou > 0 ? 'needs-you' : unread > 0 ? 'unread' : running > 0 ? 'running' : 'idle';
    document.getElementById('favicon')?.setAttribute('href', `/icon-${icon}.svg`);
  }, [needYou, moreNeedYou, running, unread, title]);
}
