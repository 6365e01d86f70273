import type { ComponentChildren } from 'preact';
import type { Polled } from '../api/use-poll.js';
import { useNow } from '../api/use-poll.js';
import { clock } from '../model/times.js';
import type { StatusLook } from '../model/status-look.js';
import { StatusBadge } from './status-badge.js';

interface PageHeadProps {
  readonly title: string;
  readonly look?: StatusLook;
  readonly why?: string;
  readonly pills?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

export function PageHead({ title, look, why, pills, actions }: PageHeadProps) {
  return (
    <header class="page-head">
      <div class="page-title">
        <h1 title={title}>{title}</h1>
        {look !== undefined && <StatusBadge look={look} />}
        {pills}
      </div>
      {why !== undefined && <p class="page-why">{why}</p>}
      {actions !== undefined && <div class="actions">{actions}</div>}
    </header>
  );
}

const STALE_MS = 4_000;

/** Said once what is shown is older than it should be. */
export function AsOf({ polled, intervalMs }: { readonly polled: Polled<unknown>; readonly intervalMs: number }) {
  const nowMs = useNow();
  if (polled.data === undefined || nowMs - polled.atMs < Math.max(STALE_MS, intervalMs * 2)) return null;
  return <span class="pill pill-lost">as of {clock(new Date(polled.atMs).toISOString(), nowMs)}</span>;
}
