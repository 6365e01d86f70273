import {
  followSession,
  type AgentRun,
  type EventRecord,
  type OutageOptions,
  type SessionPlace,
} from '../../client/index.js';

/** Where a transcript comes from, and where what is said goes to: a session, or one run. */
export interface ConversationSource {
  readonly key: string;
  /** The newest events, oldest first; `older` is where those before them begin. */
  latest(): Promise<EventPart>;
  before(older: string): Promise<EventPart>;
  /** What comes after `place`. */
  follow(place: SessionPlace | undefined, options: FollowOptions): AsyncGenerator<EventRecord, unknown, void>;
  send(text: string, idempotencyKey: string): Promise<Accepted>;
}

export interface EventPart {
  readonly events: EventRecord[];
  readonly older: string | null;
}

export interface FollowOptions extends OutageOptions {
  readonly signal: AbortSignal;
  /** Resolves when there is reason to look at once. */
  readonly nudged: () => Promise<void>;
  /** False where another tab has the browser's stream: this one looks again and again. */
  readonly streams: boolean;
}

export interface Accepted {
  readonly decision: 'steer' | 'turn';
  readonly commandId: string;
  readonly runId: string;
}

/** How often it is looked at what is not streamed. */
const LOOK_MS = 1_000;
const FIRST_EVENTS = 200;
const OLDER_EVENTS = 500;

export function sessionSource(client: AgentRun, sessionId: string): ConversationSource {
  const part = async (limit: number, cursor?: string): Promise<EventPart> => {
    const page = await client.sessions.trace(sessionId, { direction: 'backward', limit, cursor });
    return { events: page.items, older: page.nextCursor ?? null };
  };
  return {
    key: `session/${sessionId}`,
    latest: () => part(FIRST_EVENTS),
    before: (older) => part(OLDER_EVENTS, older),
    follow: (after, options) => followSession(client.http, sessionId, { ...options, after, pollMs: LOOK_MS }),
    async send(prompt, idempotencyKey) {
      const { decision, command, run } = await client.sessions.send(sessionId, { prompt, idempotencyKey });
      return { decision, commandId: command.id, runId: run.id };
    },
  };
}

/** A run's events to its end, without a connection that is held open. */
async function* lookAtRun(
  client: AgentRun,
  runId: string,
  afterSeq: number,
  { signal, nudged, onLost, onBack }: FollowOptions,
): AsyncGenerator<EventRecord, void, void> {
  let seq = afterSeq;
  for (let isLost = false; ;) {
    try {
      const isOver = (await client.runs.get(runId)).terminalStatus !== null;
      const { items } = await client.runs.events(runId, { afterSeq: seq, limit: OLDER_EVENTS });
      if (isLost) onBack?.();
      isLost = false;
      signal.throwIfAborted();
      yield* items;
      seq = items.at(-1)?.seq ?? seq;
      if (items.length === 0 && isOver) return;
      if (items.length === 0) await Promise.race([waited(LOOK_MS), nudged()]);
    } catch (error) {
      signal.throwIfAborted();
      onLost?.(error as Error, LOOK_MS);
      isLost = true;
      await waited(LOOK_MS);
    }
    signal.throwIfAborted();
  }
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function runSource(client: AgentRun, runId: string): ConversationSource {
  const decided = new Map<string, Accepted['decision']>();
  const decide = async (): Promise<Accepted['decision']> => {
    const { items } = await client.runs.commands(runId, { state: 'open', limit: 50 });
    return items.some(({ type, state }) => type === 'turn' && state === 'acknowledged') ? 'steer' : 'turn';
  };
  const part = async (limit: number, beforeSeq: number): Promise<EventPart> => {
    const from = Math.max(0, beforeSeq - 1 - limit);
    const events: EventRecord[] = [];
    // A page is bounded by its bytes, too.
    for (let seq = from; seq < beforeSeq - 1;) {
      const { items } = await client.runs.events(runId, { afterSeq: seq, limit: beforeSeq - 1 - seq });
      const last = items.at(-1);
      if (last === undefined) break;
      // Past retention it goes on with the oldest that is left, which may be among those that were had before.
      events.push(...items.filter((event) => event.seq < beforeSeq));
      seq = last.seq;
    }
    // Numbers have no holes but the one that retention makes: nothing is left before it.
    const isWhole = events[0]?.seq === from + 1;
    return { events, older: from > 0 && isWhole ? String(from + 1) : null };
  };
  return {
    key: `run/${runId}`,
    latest: async () => part(FIRST_EVENTS, (await client.runs.result(runId)).lastSeq + 1),
    before: (older) => part(OLDER_EVENTS, Number(older)),
    follow: (after, options) =>
      options.streams
        ? client.runs.tail(runId, { ...options, afterSeq: after?.seq ?? 0 })
        : lookAtRun(client, runId, after?.seq ?? 0, options),
    async send(prompt, idempotencyKey) {
      // Said again it is what it was: the first may have arrived, and its key is for that alone.
      const type = decided.get(idempotencyKey) ?? (await decide());
      decided.set(idempotencyKey, type);
      const command = await client.runs.command(runId, { type, payload: { prompt }, idempotencyKey });
      decided.delete(idempotencyKey);
      return { decision: type, commandId: command.id, runId };
    },
  };
}
