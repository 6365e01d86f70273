import { useEffect, useRef } from 'preact/hooks';
import type { InboxRow } from '../model/inbox-rows.js';
import { age } from '../model/times.js';
import { Link } from './link.js';
import { StatusBadge } from './status-badge.js';

interface InboxRowProps {
  readonly row: InboxRow;
  /** Where the keys are. */
  readonly isSelected: boolean;
  /** Something is to be done with it and others. */
  readonly isChosen: boolean;
  readonly onChoose: (isRange: boolean) => void;
  readonly nowMs: number;
}

export function InboxRowView({ row, isSelected, isChosen, onChoose, nowMs }: InboxRowProps) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isSelected) item.current?.scrollIntoView({ block: 'nearest' });
  }, [isSelected]);
  return (
    <li
      ref={item}
      class={`inbox-item${isSelected ? ' is-selected' : ''}${row.isUnread ? ' is-unread' : ''}`}
      data-key={row.key}
    >
      <label class="inbox-choice">
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={`Choose ${row.title}`}
          onClick={(event) => onChoose(event.shiftKey)}
        />
      </label>
      <Link to={row.place} class="inbox-link">
        <span class="inbox-status">
          <StatusBadge look={row.look} />
        </span>
        <span class="inbox-title">
          {row.isUnread && <span class="unread-dot" title="Unread" role="img" aria-label="Unread" />}
          {row.title}
        </span>
        <span class="inbox-why">{row.why}</span>
        <span class="inbox-about dim">
          {row.kind} · {row.backend} · {row.about}
        </span>
        <time class="inbox-age number dim" dateTime={row.at} title={row.at}>
          {age(row.at, nowMs)}
        </time>
      </Link>
    </li>
  );
}
