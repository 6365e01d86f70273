import type { RefObject } from 'preact';
import type { HeldRows } from '../api/use-held-rows.js';
import { cliFor } from '../model/cli-words.js';
import { INBOX_FILTERS, type InboxFilter } from '../model/place.js';
import { CopyMenu } from './copy-menu.js';

export const INBOX_TITLES: Readonly<Record<InboxFilter, string>> = {
  all: 'All',
  'needs-you': 'Needs you',
  running: 'Running',
  recent: 'Recent',
};

interface InboxToolbarProps {
  readonly search: string;
  readonly show: InboxFilter;
  readonly held: HeldRows;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly onChange: (next: { readonly search?: string; readonly show?: InboxFilter }) => void;
}

/** What of the inbox is shown; the address says the same. */
export function InboxToolbar({ search, show, held, field, onChange }: InboxToolbarProps) {
  const { rows, moved, release } = held;
  return (
    <>
      <div class="filters" role="group" aria-label="Show">
        {INBOX_FILTERS.map((filter) => (
          <button
            key={filter}
            type="button"
            class="filter"
            aria-pressed={show === filter}
            onClick={() => onChange({ show: filter })}
          >
            {INBOX_TITLES[filter]}
            {filter !== 'all' && <span class="number dim"> {rows.filter(({ group }) => group === filter).length}</span>}
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
        onInput={(event) => onChange({ search: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
        }}
      />
      {moved > 0 && (
        <button type="button" class="pill-button is-inline" onClick={release}>
          {moved} moved ↑
        </button>
      )}
      <CopyMenu commands={cliFor({ page: 'inbox', search, show })} />
    </>
  );
}
