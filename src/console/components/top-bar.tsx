import { useConsole } from '../api/console-context.js';
import { atLeast, tabState } from '../model/inbox-rows.js';
import type { Place } from '../model/place.js';
import { Link } from './link.js';

const PAGES: readonly { readonly place: Place; readonly word: string }[] = [
  { place: { page: 'inbox', search: '', show: 'all' }, word: 'Inbox' },
  { place: { page: 'queues' }, word: 'Queues' },
  { place: { page: 'profiles' }, word: 'Profiles' },
  { place: { page: 'status' }, word: 'Health' },
];

export function TopBar({ place, onHelp }: { readonly place: Place; readonly onHelp: () => void }) {
  const { inbox, installation, logOut } = useConsole();
  const { rows = [], moreNeedYou = false } = inbox.data ?? {};
  const { needYou } = tabState(rows);
  return (
    <header class="top-bar">
      <span class="brand" aria-hidden="true">
        <img src="/icon-idle.svg" alt="" width={20} height={20} /> AgentRun
      </span>
      <nav class="nav" aria-label="Pages">
        {PAGES.map(({ place: to, word }) => (
          <Link key={to.page} to={to} class="nav-link" isCurrent={place.page === to.page}>
            {word}
            {to.page === 'inbox' && needYou > 0 && (
              <span class="count">
                {atLeast(needYou, moreNeedYou)}
                <span class="hidden-words"> need you</span>
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div class="top-end">
        <Link to={{ page: 'new-task' }} class="button primary" label="New task" isCurrent={place.page === 'new-task'}>
          <span aria-hidden="true">+</span> <span class="new-task-words">New task</span>
        </Link>
        <button type="button" class="quiet" onClick={onHelp} aria-label="Keys" title="Keys">
          ?
        </button>
        <button
          type="button"
          class="quiet log-out"
          onClick={logOut}
          title={`Logged in as ${installation.operator.name}`}
        >
          Log out
        </button>
      </div>
    </header>
  );
}
