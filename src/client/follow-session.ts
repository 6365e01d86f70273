import type { EventRecord } from '../contract/event.js';
import type { SessionSummary } from '../contract/session.js';
import type { HttpClient } from './http-client.js';
import { Outage, pause, type OutageOptions } from './outage.js';
import { tailEvents } from './tail-events.js';

export interface FollowSessionOptions extends OutageOptions {
  /** Only what comes after this place; the session's beginning when absent. */
  readonly after?: SessionPlace;
  /** Ends the following, which then throws the signal's reason. The session's run goes on. */
  readonly signal?: AbortSignal;
  /** Ends with what there is now. */
  readonly once?: boolean;
  /** How often a session is looked at while nothing is streamed; 1,000. */
  readonly pollMs?: number;
  /** False: it is looked at again and again while a run lives, too, so that no connection is held open. */
  readonly streams?: boolean;
  /** Resolves when there is reason to look before that. */
  readonly nudged?: () => Promise<void>;
}

/** How far somebody has read: the event of this run, and all of the runs before it. */
export interface SessionPlace {
  readonly runId: string;
  readonly seq: number;
}

interface TracePage {
  readonly items: EventRecord[];
  readonly cursor: string | null;
  readonly nextCursor?: string;
}

const PAGE = 500;
const POLL_MS = 1_000;

/**
 * A session's events in order, each once, over all of its runs: from the trace up to now, then as they happen while a run lives, and
 * from the trace again until the next run. Endless unless `once`.
 * @throws ApiError for a refusal; TransportError when the server stays away.
 */
export async function* followSession(
  client: HttpClient,
  sessionId: string,
  options: FollowSessionOptions = {},
): AsyncGenerator<EventRecord, void, void> {
  const outage = new Outage(options);
  const reader = new SessionReader(client, sessionId, options);
  for (;;) {
    try {
      // Asked before the trace is read: the runs before the one that lives now have said all that they will say.
      const liveRunId = await reader.liveRunId();
      outage.connected();
      yield* reader.rest();
      outage.heard();
      if (options.once) return;
      if (liveRunId === null || options.streams === false) await reader.whenThereIsMore();
      else yield* reader.live(liveRunId);
    } catch (error) {
      options.signal?.throwIfAborted();
      await pause(outage.retryIn(error), options.signal);
    }
  }
}

/** Where a reader of a session is who has seen all that there is. */
export function latestPlace({ supervisor }: SessionSummary): SessionPlace | undefined {
  if ('message' in supervisor || supervisor.runId === null) return undefined;
  return { runId: supervisor.runId, seq: supervisor.lastSeq };
}

class SessionReader {
  #place: SessionPlace | undefined;
  #cursor: string | null = null;

  constructor(
    private readonly client: HttpClient,
    private readonly sessionId: string,
    private readonly options: FollowSessionOptions,
  ) {
    this.#place = options.after;
  }

  async liveRunId(): Promise<string | null> {
    const { signal } = this.options;
    const path = `/api/v1/sessions/${encodeURIComponent(this.sessionId)}`;
    return (await this.client.get<SessionSummary>(path, { signal })).activeRunId;
  }

  /** Everything that the trace has beyond where we are. */
  async *rest(): AsyncGenerator<EventRecord, void, void> {
    for (let more = true; more;) {
      const page = await this.#page(PAGE);
      yield* this.#told(page.items);
      this.#cursor = page.cursor;
      more = page.nextCursor !== undefined;
    }
  }

  /** To the run's end. */
  async *live(runId: string): AsyncGenerator<EventRecord, void, void> {
    const { signal, onLost, onBack } = this.options;
    const afterSeq = this.#place?.runId === runId ? this.#place.seq : 0;
    for await (const event of tailEvents(this.client, runId, { afterSeq, signal, onLost, onBack })) {
      yield* this.#told([event]);
      this.#cursor = null;
    }
  }

  async whenThereIsMore(): Promise<void> {
    const { pollMs = POLL_MS, signal, nudged } = this.options;
    let isNudged = false;
    const nudge = nudged?.().then(() => void (isNudged = true));
    do {
      const wait = pause(pollMs, signal);
      wait.catch(() => undefined);
      await Promise.race([wait, ...(nudge === undefined ? [] : [nudge])]);
    } while (!isNudged && (await this.#page(1)).items.length === 0);
  }

  *#told(events: readonly EventRecord[]): Generator<EventRecord, void, void> {
    for (const event of events) {
      if (event.runId === this.#place?.runId && event.seq <= this.#place.seq) continue;
      yield event;
      this.#place = { runId: event.runId, seq: event.seq };
    }
  }

  /** By the cursor where there is one; a place in a run is made into one by asking for what follows it. */
  async #page(limit: number): Promise<TracePage> {
    if (this.#cursor === null && this.#place !== undefined) {
      const { runId, seq } = this.#place;
      const rest = await this.#get({ runId, afterSeq: seq, limit: PAGE });
      if (rest.items.length > 0) return { ...rest, nextCursor: rest.cursor ?? undefined };
      this.#cursor = rest.cursor;
    }
    return this.#get({ cursor: this.#cursor ?? undefined, limit });
  }

  #get(query: Record<string, string | number | undefined>): Promise<TracePage> {
    const path = `/api/v1/sessions/${encodeURIComponent(this.sessionId)}/trace`;
    return this.client.get<TracePage>(path, { query, signal: this.options.signal });
  }
}
