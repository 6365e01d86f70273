import type { KubernetesObject, Watch } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import { asError } from '../domain/as-error.js';

export interface ListWatch<T extends KubernetesObject> {
  readonly watch: Watch;
  /** Of the collection, as `/api/v1/namespaces/x/pods`. */
  readonly path: string;
  readonly labelSelector: string;
  readonly list: (page: { continue?: string; limit: number }) => Promise<{
    metadata?: { resourceVersion?: string; _continue?: string };
    items: T[];
  }>;
  /** All that there is: after a list, and so after every interruption. */
  readonly onList: (items: T[]) => void;
  readonly onChange: (object: T) => void;
  readonly onDelete: (object: T) => void;
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** For tests: `ANSWER_MS` where absent. */
  readonly answerMs?: number;
}

const PAGE = 500;
/** The server ends a watch after so long; then everything is listed anew, so that nothing missed stays missed. */
const RESYNC_SECONDS = 300;
/** A server answers a watch, if with nothing yet, within this. */
const ANSWER_MS = 30_000;
/** A connection that broke without a word is given up this long after that. */
const OVERDUE_MS = 15_000;
const PAUSE_MS = { first: 200, longest: 5_000 };

/** Lists, then watches from there on, again and again until aborted. Bookmarks keep the place where little happens. */
export async function listAndWatch<T extends KubernetesObject>(options: ListWatch<T>): Promise<void> {
  let pauseMs = PAUSE_MS.first;
  while (!options.signal.aborted) {
    try {
      await watchFrom(options, await listAll(options));
      pauseMs = PAUSE_MS.first;
    } catch (error) {
      if (options.signal.aborted) return;
      options.onFailure(error);
      await delay(pauseMs, undefined, { signal: options.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest);
    }
  }
}

/** Answers the version of what it listed. */
async function listAll<T extends KubernetesObject>({ list, onList }: ListWatch<T>): Promise<string> {
  const items: T[] = [];
  let version = '';
  let next: string | undefined;
  do {
    const page = await list({ continue: next, limit: PAGE });
    items.push(...page.items);
    version = page.metadata?.resourceVersion ?? version;
    next = page.metadata?._continue || undefined;
  } while (next !== undefined);
  onList(items);
  return version;
}

/** Until the resync is due. Picks up where a watch broke off, for as long as the server still knows that place. */
async function watchFrom<T extends KubernetesObject>(options: ListWatch<T>, listed: string): Promise<void> {
  const resyncAt = performance.now() + RESYNC_SECONDS * 1_000;
  let version = listed;
  while (!options.signal.aborted && performance.now() < resyncAt) {
    const startedAt = performance.now();
    const end = await watchOnce(options, version, (seen) => (version = seen));
    // A server that closes at once would be asked without a pause.
    if (performance.now() - startedAt < PAUSE_MS.first) await pause(options.signal);
    if (end === 'expired') return;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(PAUSE_MS.first, undefined, { signal }).catch(() => undefined);
}

/** One request. Resolves when the server closes it; `expired` when it no longer knows what came after `version`. */
function watchOnce<T extends KubernetesObject>(
  options: ListWatch<T>,
  version: string,
  seen: (version: string) => void,
): Promise<'closed' | 'expired'> {
  const { watch, path, labelSelector, signal, answerMs = ANSWER_MS } = options;
  const query = { labelSelector, resourceVersion: version, allowWatchBookmarks: true, timeoutSeconds: RESYNC_SECONDS };
  return new Promise((resolve, reject) => {
    let end: 'closed' | 'expired' = 'closed';
    let request: AbortController | undefined;
    let isOver = false;
    // Before it has answered there is nothing to abort: it is left behind.
    const stop = () => {
      if (request !== undefined) request.abort();
      else done(signal.aborted ? undefined : new Error(`no answer to a watch within ${answerMs} ms`));
    };
    let overdue = setTimeout(stop, answerMs);
    signal.addEventListener('abort', stop, { once: true });
    const done = (error: unknown) => {
      isOver = true;
      clearTimeout(overdue);
      signal.removeEventListener('abort', stop);
      if (isExpired(error)) resolve('expired');
      else if (error && !isAbort(error)) reject(asError(error));
      else resolve(end);
    };
    const take = (phase: string, object: T & { code?: number }) => {
      if (phase === 'ERROR') end = 'expired';
      else if (object.metadata?.resourceVersion !== undefined) seen(object.metadata.resourceVersion);
      if (phase === 'ADDED' || phase === 'MODIFIED') options.onChange(object);
      if (phase === 'DELETED') options.onDelete(object);
    };
    watch.watch(path, query, take, done).then((started) => {
      request = started;
      clearTimeout(overdue);
      if (isOver || signal.aborted) return stop();
      overdue = setTimeout(stop, RESYNC_SECONDS * 1_000 + OVERDUE_MS);
    }, done);
  });
}

function isExpired(error: unknown): boolean {
  return (error as { statusCode?: number } | null)?.statusCode === 410;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
