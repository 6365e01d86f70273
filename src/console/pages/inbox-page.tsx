import { useEffect, useRef, useState } from 'preact/hooks';
import { useConsole } from '../api/console-context.js';
import { useKeys } from '../api/use-keys.js';
import { useNow } from '../api/use-poll.js';
import { CopyMenu } from '../components/copy-menu.js';
import { InboxRowView } from '../components/inbox-row.js';
import { Link } from '../components/link.js';
import { AsOf } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { cliFor } from '../model/cli-words.js';
import {
  INBOX_GROUPS,
  inShownOrder,
  matchesSearch,
  movedRows,
  type InboxGroup,
  type InboxRow,
} from '../model/inbox-rows.js';
import { INBOX_FILTERS, type InboxFilter } from '../model/place.js';
import { INBOX_LIMITS } from '../api/ask-inbox.js';

const TITLES: Readonly<Record<InboxFilter, string>> = {
  all: 'All',
  'needs-you': 'Needs you',
  running: 'Running',
  recent: 'Recent',
};
const EMPTY: Readonly<Record<InboxGroup, string>> = {
  'needs-you': 'Nothing needs you.',
  running: 'Nothing runs.',
  recent: 'Nothing has ended yet.',
};

interface InboxPageProps {
  readonly search: string;
  readonly show: InboxFilter;
  readonly pollMs: number;
}

/** What needs somebody, what runs, what has ended: each row says why it is there. Rows keep their places under the pointer. */
export function InboxPage({ search, show, pollMs }: InboxPageProps) {
  const { inbox, go } = useConsole();
  const nowMs = useNow(5_000);
  const field = useRef<HTMLInputElement>(null);
  const [selected, setSelected] = useState(0);
  const { rows, moved, hold, release } = useHeldRows(inbox.data);
  const visible = rows.filter((row) => (show === 'all' || row.group === show) && matchesSearch(row, search));
  const change = (next: Partial<InboxPageProps>) => go({ page: 'inbox', search, show, ...next }, { replace: true });
  const current = visible[Math.min(selected, visible.length - 1)];
  const step = (by: number) => setSelected(Math.max(0, Math.min(visible.length - 1, selected + by)));
  const stepGroup = (by: number) => {
    const groups = INBOX_GROUPS.filter((group) => visible.some((row) => row.group === group));
    const at = groups.indexOf(current?.group ?? 'needs-you');
    const group = groups[Math.max(0, Math.min(groups.length - 1, at + by))];
    setSelected(
      Math.max(
        0,
        visible.findIndex((row) => row.group === group),
      ),
    );
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ']': () => stepGroup(1),
    '[': () => stepGroup(-1),
    o: () => current && go(current.place),
    '/': () => field.current?.focus(),
  });
  return (
    <div class="page page-inbox">
      <div class="toolbar">
        <h1 class="hidden-words">Inbox</h1>
        <div class="filters" role="group" aria-label="Show">
          {INBOX_FILTERS.map((filter) => (
            <button
              key={filter}
              type="button"
              class="filter"
              aria-pressed={show === filter}
              onClick={() => change({ show: filter })}
            >
              {TITLES[filter]}{' '}
              {filter !== 'all' && <span class="number dim">{rows.filter((row) => row.group === filter).length}</span>}
            </button>
          ))}
        </div>
        <input
          ref={field}
          type="search"
          class="search"
          placeholder="Search  /"
          aria-label="Search titles, reasons, projects, backends and ids"
          value={search}
          onInput={(event) => change({ search: event.currentTarget.value })}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
        <AsOf polled={inbox} intervalMs={pollMs} />
        {moved > 0 && (
          <button type="button" class="pill-button is-inline" onClick={release}>
            {moved} moved ↑
          </button>
        )}
        <CopyMenu commands={cliFor({ page: 'inbox', search, show })} />
      </div>
      {inbox.error !== undefined && <Problem error={inbox.error} retry={inbox.refresh} />}
      {inbox.data === undefined && inbox.error === undefined && <p class="empty">Loading…</p>}
      {inbox.data !== undefined && (
        <div onPointerEnter={hold} onPointerLeave={release}>
          {INBOX_GROUPS.filter((group) => show === 'all' || show === group).map((group) => (
            <InboxSection
              key={group}
              group={group}
              rows={visible.filter((row) => row.group === group)}
              isSearched={search !== ''}
              selectedKey={current?.key}
              nowMs={nowMs}
            />
          ))}
          <p class="dim list-end">
            The search looks at the newest {INBOX_LIMITS.sessions} sessions, {INBOX_LIMITS.tasks} tasks and{' '}
            {INBOX_LIMITS.runs} runs, and at everything that needs you. <code>agentrun session list</code> has them all.
          </p>
        </div>
      )}
    </div>
  );
}

interface InboxSectionProps {
  readonly group: InboxGroup;
  readonly rows: readonly InboxRow[];
  readonly isSearched: boolean;
  readonly selectedKey: string | undefined;
  readonly nowMs: number;
}

function InboxSection({ group, rows, isSearched, selectedKey, nowMs }: InboxSectionProps) {
  return (
    <section class="inbox-group" aria-labelledby={`group-${group}`}>
      <h2 id={`group-${group}`}>
        {TITLES[group]} <span class="number dim">{rows.length}</span>
      </h2>
      {rows.length === 0 && (
        <p class="empty">
          {isSearched ? 'Nothing here is like that.' : EMPTY[group]}
          {group === 'needs-you' && !isSearched && (
            <>
              {' '}
              <Link to={{ page: 'new-task' }}>New task</Link>, or <code>agentrun task create</code>
            </>
          )}
        </p>
      )}
      <ul class="inbox-list">
        {rows.map((row) => (
          <InboxRowView key={row.key} row={row} isSelected={row.key === selectedKey} nowMs={nowMs} />
        ))}
      </ul>
    </section>
  );
}

/** While somebody points at the list its rows stay where they are: what they say is fresh, where they stand is not. */
function useHeldRows(fresh: readonly InboxRow[] | undefined) {
  const shown = useRef<readonly InboxRow[]>([]);
  const [isHeld, setHeld] = useState(false);
  const [, redraw] = useState(0);
  if (fresh !== undefined && !isHeld) shown.current = fresh;
  useEffect(() => () => setHeld(false), []);
  const rows = isHeld && fresh !== undefined ? inShownOrder(shown.current, fresh) : shown.current;
  const moved = isHeld && fresh !== undefined ? movedRows(shown.current, fresh) : 0;
  const hold = () => setHeld(true);
  const release = () => {
    setHeld(false);
    if (fresh !== undefined) shown.current = fresh;
    redraw((times) => times + 1);
  };
  return { rows, moved, hold, release };
}
