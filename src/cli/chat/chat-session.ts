import { followSession, latestPlace, type SessionPlace } from '../../client/follow-session.js';
import { TransportError, type HttpClient } from '../../client/http-client.js';
import type { EventRecord } from '../../contract/event.js';
import type { SessionSent } from '../../contract/session-send.js';
import type { SessionSummary } from '../../contract/session.js';
import { insist, isRefusal, newKey } from '../ask-once.js';
import { findSession, makeSession, sendToSession } from '../commands/session/session-calls.js';
import { sessionPath } from '../commands/session/options.js';
import { newRunOf, type RunBaseOptions } from '../commands/session/run-base.js';
import type { ChatInput, TurnRef } from './chat-state.js';

export interface ChatSessionOptions {
  readonly client: HttpClient;
  readonly sessionId: string;
  /** What a new run would be. */
  readonly newRun: RunBaseOptions;
  /** Ends everything; what runs at the manager's goes on. */
  readonly signal: AbortSignal;
  readonly tell: (input: ChatInput) => void;
}

/** What was said before is shown so far back. */
const BACKLOG = 200;
const STOPPED = new Error('stopped');

/** `key`: the one that it was sent with before; null for a new one. */
interface Message {
  readonly sendId: number;
  readonly text: string;
  readonly key: string | null;
}

/** The manager's side of a chat: what is sent goes out in order, each once; what happens is told. */
export class ChatSession {
  #sends: Promise<void> = Promise.resolve();
  #stopping = new AbortController();
  #following: Promise<void> | undefined;
  #exists = false;
  #nudge: () => void = () => undefined;
  /** Why the following ended before the chat did. */
  readonly failed: Promise<never>;
  #fail!: (error: unknown) => void;

  constructor(private readonly options: ChatSessionOptions) {
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined);
  }

  /** Tells how the session stands and what it said last, and follows it from there. Answers whether it was there. */
  async open(): Promise<SessionSummary | undefined> {
    const { client, sessionId, tell } = this.options;
    const session = await findSession(client, sessionId);
    tell({ type: 'session', session });
    if (session === undefined) return undefined;
    this.#exists = true;
    const place = latestPlace(session);
    if (place !== undefined) {
      for (const event of await this.#backlog(place)) tell({ type: 'event', event });
    }
    this.#follow(place);
    return session;
  }

  send(message: Message): void {
    const signal = AbortSignal.any([this.options.signal, this.#stopping.signal]);
    this.#sends = this.#sends.then(() => this.#send(message, signal));
  }

  /** Gives up what is on its way, and what waits behind it. */
  stopSending(): void {
    this.#stopping.abort(STOPPED);
    this.#stopping = new AbortController();
  }

  async interrupt({ runId, commandId: turnCommandId }: TurnRef): Promise<void> {
    const { client, tell, signal } = this.options;
    try {
      await client.post(
        `/api/v1/runs/${runId}/commands`,
        { type: 'interrupt', payload: { turnCommandId } },
        { signal },
      );
    } catch (error) {
      tell({ type: 'interrupt-failed', message: wordsOf(error) });
    }
  }

  /** What is not marked now is marked with the next turn. */
  async markRead(): Promise<void> {
    const { client, sessionId } = this.options;
    await client.post(sessionPath(sessionId, 'read'), {}).catch(() => undefined);
  }

  /** Resolves when all that was sent has been answered, or refused. */
  sendsSettled(): Promise<void> {
    return this.#sends;
  }

  /** After the signal: resolves when nothing is followed any more. */
  async settled(): Promise<void> {
    await this.#following;
  }

  async #backlog({ runId, seq }: SessionPlace): Promise<EventRecord[]> {
    const query = { runId, afterSeq: Math.max(0, seq - BACKLOG), limit: BACKLOG };
    const path = sessionPath(this.options.sessionId, 'trace');
    const { items } = await this.options.client.get<{ items: EventRecord[] }>(path, { query });
    return items.filter((event) => event.seq <= seq);
  }

  #follow(after?: SessionPlace): void {
    const { client, sessionId, signal, tell } = this.options;
    const onLost = () => tell({ type: 'connection', isLost: true });
    const onBack = () => tell({ type: 'connection', isLost: false });
    const nudged = () => new Promise<void>((resolve) => (this.#nudge = resolve));
    const follow = async () => {
      for await (const event of followSession(client, sessionId, { after, signal, onLost, onBack, nudged })) {
        tell({ type: 'event', event });
      }
    };
    this.#following = follow().catch((error: unknown) => (signal.aborted ? undefined : this.#fail(error)));
  }

  async #send({ sendId, text, key: keyBefore }: Message, signal: AbortSignal): Promise<void> {
    const { tell } = this.options;
    const key = keyBefore ?? newKey();
    let isInDoubt = false;
    const onLost = (error: Error) => tell({ type: 'send-lost', sendId, why: whyAgain(error) });
    try {
      signal.throwIfAborted();
      await insist(() => this.#make(signal), { signal, onLost, givenUp: (error) => error });
      const givenUp = (error: unknown, mayBeThere: boolean) => {
        isInDoubt = mayBeThere;
        return error;
      };
      const answer = await insist(() => this.#say(text, key, signal), { signal, onLost, givenUp });
      tell({ type: 'sent', sendId, answer });
      if (this.#following === undefined) this.#follow();
      this.#nudge();
    } catch (error) {
      tell({ type: 'send-failed', sendId, key, message: wordsOf(error), isRefused: isRefusal(error), isInDoubt });
    }
  }

  async #make(signal: AbortSignal): Promise<void> {
    const { client, sessionId, newRun } = this.options;
    if (!this.#exists) await makeSession(client, sessionId, newRun, signal);
    this.#exists = true;
  }

  /** The key makes a repeat harmless, whether the first try arrived or not. */
  #say(prompt: string, idempotencyKey: string, signal: AbortSignal): Promise<SessionSent> {
    const { client, sessionId, newRun } = this.options;
    return sendToSession(client, sessionId, { prompt, idempotencyKey, ...newRunOf(newRun) }, signal);
  }
}

/** What kept it from being answered, in few words: the line above the prompt has room for no more. */
function whyAgain(error: Error): string {
  return error instanceof TransportError && error.status === null ? 'the manager is away' : error.message;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
