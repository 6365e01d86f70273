import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectionConfig, type DatabaseOptions } from './pool.js';

const RECONNECT_MS = { first: 50, most: 2_000 } as const;
/** A connection that died without a word is found by asking. */
const PING_MS = 5_000;
const ANSWER_TIMEOUT_MS = 2_000;

const NOTIFY = { name: 'notify', text: 'SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message' };

export interface ListenerHandlers {
  /** It listens, for the first time or again: messages sent before are lost. */
  readonly onListening: () => void;
  /** A message that another connection sent. */
  readonly onMessage: (message: string) => void;
}

/** One connection that listens on a channel and sends to it, made again with backoff whenever it is lost. */
export class Listener {
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  /** Set while it listens. */
  #client: pg.Client | undefined;
  /** The driver wants one statement at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: DatabaseOptions,
    private readonly channel: string,
    private readonly handlers: ListenerHandlers,
  ) {
    this.#done = this.#keepListening();
  }

  /** One statement for all messages. Answers false when it could not be sent. */
  async send(messages: readonly string[]): Promise<boolean> {
    const client = this.#client;
    if (client === undefined) return false;
    try {
      await this.#ask(client, { ...NOTIFY, values: [this.channel, messages] });
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #keepListening(): Promise<void> {
    let waitMs: number = RECONNECT_MS.first;
    while (!this.#closing.signal.aborted) {
      const listened = await this.#listen();
      waitMs = listened ? RECONNECT_MS.first : Math.min(waitMs * 2, RECONNECT_MS.most);
      await pause(waitMs, this.#closing.signal);
    }
  }

  /** Listens until the connection is lost or the listener closed; answers false when it never listened. */
  async #listen(): Promise<boolean> {
    const lost = new AbortController();
    const client = new pg.Client({ ...connectionConfig(this.options), query_timeout: ANSWER_TIMEOUT_MS });
    client.on('error', () => lost.abort()).on('end', () => lost.abort());
    try {
      await client.connect();
      await this.#subscribe(client);
      this.#client = client;
      this.handlers.onListening();
      await this.#watch(client, AbortSignal.any([lost.signal, this.#closing.signal]));
      return true;
    } catch (error) {
      this.options.onConnectionError?.(error);
      return this.#client === client;
    } finally {
      this.#client = undefined;
      // Not waited for when it is lost: a server that hangs would never say goodbye.
      const ended = client.end().catch(() => undefined);
      if (!lost.signal.aborted) await Promise.race([ended, pause(ANSWER_TIMEOUT_MS, lost.signal)]);
    }
  }

  async #subscribe(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    client.on('notification', ({ processId, payload }) => {
      if (processId !== rows[0]?.pid) this.handlers.onMessage(payload ?? '');
    });
    await client.query(`LISTEN ${client.escapeIdentifier(this.channel)}`);
  }

  /** Resolves when the signal aborts; rejects when the server does not answer any more. */
  async #watch(client: pg.Client, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(PING_MS, signal);
      if (!signal.aborted) await this.#ask(client, { text: 'SELECT 1' });
    }
  }

  #ask(client: pg.Client, statement: pg.QueryConfig): Promise<unknown> {
    const answer = this.#turn.then(async () => client.query(statement));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }
}

/** Resolves after the time or when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
