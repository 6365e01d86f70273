/** Where in the console somebody is, as the address says it. Pure. */
export type Place =
  | { readonly page: 'inbox'; readonly search: string; readonly show: InboxFilter }
  | { readonly page: 'session'; readonly id: string; readonly at: EventRef | null }
  | { readonly page: 'run'; readonly id: string; readonly at: EventRef | null; readonly view?: RunView }
  | { readonly page: 'task'; readonly id: string; readonly at: EventRef | null }
  | { readonly page: 'new-task' }
  | { readonly page: 'queues' }
  | { readonly page: 'profiles' }
  | { readonly page: 'status' }
  | { readonly page: 'unknown'; readonly path: string };

/** Absent: the transcript. */
export type RunView = 'timeline';

/** An event that a link points at. */
export interface EventRef {
  /** Absent: of the page's own run. */
  readonly runId?: string;
  readonly seq: number;
}

export const INBOX_FILTERS = ['all', 'needs-you', 'running', 'recent'] as const;
export type InboxFilter = (typeof INBOX_FILTERS)[number];

export function parsePlace(url: Pick<URL, 'pathname' | 'search' | 'hash'>): Place {
  const [, page = '', id] = url.pathname.split('/').map(decoded);
  if (page === '') return inboxOf(new URLSearchParams(url.search));
  const at = parseEventRef(url.hash);
  if (page === 'tasks' && id === 'new') return { page: 'new-task' };
  if (id !== undefined && id !== '') {
    if (page === 'sessions') return { page: 'session', id, at };
    if (page === 'runs') return { page: 'run', id, at, ...viewOf(new URLSearchParams(url.search)) };
    if (page === 'tasks') return { page: 'task', id, at };
  }
  if (page === 'queues' || page === 'profiles' || page === 'status') return { page };
  return { page: 'unknown', path: url.pathname };
}

function viewOf(query: URLSearchParams): { readonly view?: RunView } {
  return query.get('view') === 'timeline' ? { view: 'timeline' } : {};
}

function inboxOf(query: URLSearchParams): Place {
  const show = query.get('show') ?? 'all';
  const isKnown = (INBOX_FILTERS as readonly string[]).includes(show);
  return { page: 'inbox', search: query.get('q') ?? '', show: isKnown ? (show as InboxFilter) : 'all' };
}

/** `#e48`, or `#run_…/e48` where a page holds several runs. */
function parseEventRef(hash: string): EventRef | null {
  const [, runId, seq] = /^#(?:(run_[0-9a-z]+)\/)?e(\d+)$/.exec(hash) ?? [];
  if (seq === undefined) return null;
  return { ...(runId === undefined ? {} : { runId }), seq: Number(seq) };
}

export function addressOf(place: Place): string {
  switch (place.page) {
    case 'inbox': {
      const query = new URLSearchParams();
      if (place.search !== '') query.set('q', place.search);
      if (place.show !== 'all') query.set('show', place.show);
      return query.size === 0 ? '/' : `/?${query.toString()}`;
    }
    case 'run':
      return `/runs/${encodeURIComponent(place.id)}${place.view === undefined ? '' : `?view=${place.view}`}${hashOf(place.at)}`;
    case 'session':
    case 'task':
      return `/${place.page}s/${encodeURIComponent(place.id)}${hashOf(place.at)}`;
    case 'new-task':
      return '/tasks/new';
    case 'queues':
    case 'profiles':
    case 'status':
      return `/${place.page}`;
    case 'unknown':
      return place.path;
  }
}

function hashOf(at: EventRef | null): string {
  return at === null ? '' : eventHash(at);
}

export function eventHash({ runId, seq }: EventRef): string {
  return `#${runId === undefined ? '' : `${runId}/`}e${seq}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
