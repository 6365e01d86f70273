import { useRef, useState } from 'preact/hooks';
import { INBOX_LIMITS } from '../api/ask-inbox.js';
import { useConsole } from '../api/console-context.js';
import { useChosenRows, type ChosenRows } from '../api/use-chosen-rows.js';
import { useHeldRows } from '../api/use-held-rows.js';
import { useKeys } from '../api/use-keys.js';
import { useNow } from '../api/use-poll.js';
import { BulkBar } from '../components/bulk-bar.js';
import { InboxRowView } from '../components/inbox-row.js';
import { INBOX_TITLES, InboxToolbar } from '../components/inbox-toolbar.js';
import { Link } from '../components/link.js';
import { AsOf } from '../components/page-head.js';
import { Problem } from '../components/problem.js';
import { atLeast, INBOX_GROUPS, matchesSearch, type InboxGroup, type InboxRow } from '../model/inbox-rows.js';
import type { InboxFilter } from '../model/place.js';

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
  const held = useHeldRows(inbox.data?.rows);
  const visible = held.rows.filter((row) => (show === 'all' || row.group === show) && matchesSearch(row, search));
  const chosen = useChosenRows(visible);
  const current = useInboxKeys(visible, chosen, () => field.current?.focus());
  const limits = INBOX_LIMITS;
  const groups = INBOX_GROUPS.filter((group) => show === 'all' || show === group);
  return (
    <div class="page page-inbox">
      <div class="toolbar">
        <h1 class="hidden-words">Inbox</h1>
        <InboxToolbar
          search={search}
          show={show}
          held={held}
          field={field}
          onChange={(next) => go({ page: 'inbox', search, show, ...next }, { replace: true })}
        />
        <AsOf polled={inbox} intervalMs={pollMs} />
      </div>
      <BulkBar chosen={chosen} />
      {inbox.error !== undefined && <Problem error={inbox.error} retry={inbox.refresh} />}
      {inbox.data === undefined && inbox.error === undefined && <p class="empty">Loading…</p>}
      {inbox.data !== undefined && (
        <div onPointerEnter={held.hold} onPointerLeave={held.release}>
          {groups.map((group) => (
            <InboxSection
              key={group}
              group={group}
              rows={visible.filter((row) => row.group === group)}
              isMore={group === 'needs-you' && inbox.data?.moreNeedYou === true}
              isSearched={search !== ''}
              selectedKey={current?.key}
              chosen={chosen}
              nowMs={nowMs}
            />
          ))}
          <p class="dim list-end">
            Looked at are the newest {limits.sessions} sessions, {limits.tasks} tasks and {limits.runs} runs, and what
            needs you. <code>agentrun session list</code> has them all.
          </p>
        </div>
      )}
    </div>
  );
}

/** Moving through the rows by keys; answers the one that is chosen. */
function useInboxKeys(rows: readonly InboxRow[], chosen: ChosenRows, search: () => void): InboxRow | undefined {
  const { go } = useConsole();
  const [selected, setSelected] = useState(0);
  const current = rows[Math.min(selected, rows.length - 1)];
  const step = (by: number) => setSelected(Math.max(0, Math.min(rows.length - 1, selected + by)));
  const stepGroup = (by: number) => {
    const groups = INBOX_GROUPS.filter((group) => rows.some((row) => row.group === group));
    const at = groups.indexOf(current?.group ?? 'needs-you') + by;
    const group = groups[Math.max(0, Math.min(groups.length - 1, at))];
    setSelected(
      Math.max(
        0,
        rows.findIndex((row) => row.group === group),
      ),
    );
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ']': () => stepGroup(1),
    '[': () => stepGroup(-1),
    o: () => {
      if (current !== undefined) go(current.place);
    },
    x: () => {
      if (current !== undefined) chosen.toggle(current);
    },
    X: () => {
      if (current !== undefined) chosen.extendTo(current);
    },
    '*': () => chosen.choose(chosen.rows.length === rows.length ? [] : rows),
    Escape: chosen.rows.length === 0 ? undefined : () => chosen.choose([]),
    '/': search,
  });
  return current;
}

const EMPTY: Readonly<Record<InboxGroup, string>> = {
  'needs-you': 'Nothing needs you.',
  running: 'Nothing runs.',
  recent: 'Nothing has ended yet.',
};

interface InboxSectionProps {
  readonly group: InboxGroup;
  readonly rows: readonly InboxRow[];
  /** There are more than are asked for. */
  readonly isMore: boolean;
  readonly isSearched: boolean;
  readonly selectedKey: string | undefined;
  readonly chosen: ChosenRows;
  readonly nowMs: number;
}

function InboxSection({ group, rows, isMore, isSearched, selectedKey, chosen, nowMs }: InboxSectionProps) {
  return (
    <section class="inbox-group" aria-labelledby={`group-${group}`}>
      <h2 id={`group-${group}`}>
        {INBOX_TITLES[group]} <span class="number dim">{atLeast(rows.length, isMore)}</span>
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
          <InboxRowView
            key={row.key}
            row={row}
            isSelected={row.key === selectedKey}
            isChosen={chosen.has(row)}
            onChoose={(isRange) => (isRange ? chosen.extendTo(row) : chosen.toggle(row))}
            nowMs={nowMs}
          />
        ))}
      </ul>
      {isMore && (
        <p class="dim list-end">
          More need you than these: looked at are {INBOX_LIMITS.needingSessions} such sessions and{' '}
          {INBOX_LIMITS.needingTasks} such tasks. <code>agentrun session list --state needs-attention</code> lists the
          sessions, <code>agentrun task list --state blocked</code> and <code>--state failed</code> the tasks.
        </p>
      )}
    </section>
  );
}
