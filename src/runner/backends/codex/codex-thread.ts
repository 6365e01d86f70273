import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { endTree, lineageOf } from '../../../processes/process-tree.js';
import type { ProviderProxy } from '../../provider-proxy/provider-proxy.js';
import type { ProviderTrouble } from '../../provider-proxy/trouble.js';
import { within } from '../../within.js';
import type {
  AgentEvent,
  AgentThread,
  EventSink,
  OpenThread,
  TurnHandle,
  TurnOutcome,
  TurnRequest,
} from '../backend.js';
import { reactionTo } from './approvals.js';
import { AppServer, type ServerAnswer } from './app-server.js';
import { CodexTurn } from './codex-turn.js';
import { failureKindOf, plainWords } from './failure.js';
import { sandboxPolicy } from './handshake.js';
import { findTurn } from './history.js';
import type { Notification, ServerRequest, ThreadTokenUsage, TurnError } from './protocol.js';
import { watchOutage } from './outage-watch.js';
import { noticeOf } from './thread-notices.js';
import { writeThreadRecord } from '../thread-record.js';
import { ThreadUsage } from './token-usage.js';
import { TurnStory } from './turn-story.js';

export interface CodexThreadOptions {
  readonly open: OpenThread;
  readonly child: ChildProcess;
  readonly proxy: ProviderProxy;
  /** Of what codex needs while it runs, and nothing after it. May be called again. */
  readonly release: () => Promise<void>;
  /** Cuts credentials out of words from outside. */
  readonly redact: (text: string) => string;
}

const CLOSE_MS = 5_000;
const CLEAN_MS = 5_000;
const LAST_ITEMS_MS = 1_000;
const LAST_WORDS_LINES = 8;

/** One running codex with its one thread: where its messages go. */
export class CodexThread implements AgentThread {
  readonly server: AppServer;
  readonly #usage = new ThreadUsage();
  readonly #toldNotices = new Set<string>();
  /** Of turns that are over, while commands of theirs still run. */
  readonly #late = new Map<string, TurnStory>();
  #threadId = '';
  #hasBegun = false;
  #live: CodexTurn | null = null;
  #isClosing = false;
  #isHeld = false;
  #toldTrouble = false;

  constructor(private readonly options: CodexThreadOptions) {
    this.server = new AppServer(options.child, {
      onNotification: (notification) => this.#notified(notification),
      onRequest: (request) => this.#requested(request),
      onExit: (reason) => this.#exited(reason),
      onGarbage: () => {},
    });
  }

  get threadId(): string {
    return this.#threadId;
  }

  get isAlive(): boolean {
    return this.server.isAlive;
  }

  /** The handshake is done. `hasBegun`: there was a turn in this thread, as far as the volume knows. */
  opened(threadId: string, { hasBegun }: { hasBegun: boolean }): void {
    this.#threadId = threadId;
    this.#hasBegun = hasBegun;
  }

  runTurn(request: TurnRequest): TurnHandle {
    this.options.proxy.forget();
    this.#toldTrouble = false;
    this.#usage.beginTurn();
    const live: CodexTurn = new CodexTurn(request, {
      server: this.server,
      threadId: this.#threadId,
      settings: this.#turnSettings(),
      emit: (events) => this.#emit(request.events, events),
      findTurn: () => findTurn(this.server, this.#threadId, request.commandId),
      begin: () => this.#begin(),
      openStory: (turnId, promptOrigin) => this.#openStory(request.commandId, turnId, promptOrigin),
      failure: (error) => this.#failure(error),
      endCommands: (story) => this.#endCommands(story),
      kill: () => this.server.kill(),
    });
    this.#live = live;
    watchOutage(this.options.proxy, live, this.options.open.policy);
    void live.done.then(() => {
      if (this.#live === live) this.#live = null;
      const story = this.#late.get(live.turnId ?? '');
      if (story && !story.hasOpenItems) this.#late.delete(live.turnId ?? '');
    });
    return live;
  }

  async close({ force }: { force: boolean }): Promise<void> {
    this.#isClosing = true;
    if (force) this.server.kill();
    else this.server.end();
    if (!force) await within(CLOSE_MS, this.server.exited);
    this.#live?.died('codex was ended', { isExpected: true });
    if (!force) this.server.kill();
    await this.#live?.done;
    await this.options.release();
  }

  /** The provider, as the runner saw it, and not yet known from codex: it only tries again. Once a turn is enough. */
  troubled(trouble: ProviderTrouble): void {
    if (trouble.kind !== 'unreachable' && trouble.kind !== 'no-headers') return;
    if (this.#toldTrouble) return;
    this.#toldTrouble = true;
    this.#live?.tell({ phase: 'provider/unreachable', message: this.options.proxy.describe(trouble) });
  }

  #turnSettings(): Record<string, unknown> {
    const { policy } = this.options.open;
    // The one setting that a config cannot hold.
    return policy.sandbox === 'read-only' && policy.network ? { sandboxPolicy: sandboxPolicy(policy) } : {};
  }

  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    await writeThreadRecord(this.options.open.stateDir, { threadId: this.#threadId, begun: true });
    this.#hasBegun = true;
  }

  #openStory(commandId: string, turnId: string, promptOrigin: string | undefined): TurnStory {
    const story = new TurnStory(
      { commandId, threadId: this.#threadId, turnId },
      {
        usage: this.#usage,
        redact: this.options.redact,
        promptOrigin,
        failure: (error) => this.#failure(error),
        providerFacts: () => this.options.proxy.facts,
      },
    );
    this.#late.set(turnId, story);
    return story;
  }

  #failure(error: TurnError | null): Pick<TurnOutcome, 'failureKind' | 'message'> {
    const { proxy, redact } = this.options;
    const { trouble } = proxy;
    const failureKind = failureKindOf(error?.codexErrorInfo ?? null, trouble);
    const said = redact(plainWords(error?.message ?? 'codex gave no reason'));
    // What codex saw then is only our stand-in.
    const isOurs = trouble?.kind === 'unreachable' || trouble?.kind === 'no-headers';
    return { failureKind, message: isOurs ? proxy.describe(trouble) : said };
  }

  #notified(notification: Notification): void {
    const { method, params } = notification;
    const { threadId } = params;
    // Of an agent that ours has started: its messages are not the conversation's.
    if (typeof threadId === 'string' && this.#threadId !== '' && threadId !== this.#threadId) return;
    const turnId = turnIdOf(params);
    if (turnId !== undefined && this.#live?.take(notification, turnId)) return;
    const late = turnId === undefined ? undefined : this.#late.get(turnId);
    if (late && method !== 'thread/tokenUsage/updated') return this.#takeLate(turnId ?? '', late, notification);
    if (method === 'thread/tokenUsage/updated') return this.#usage.learn(params['tokenUsage'] as ThreadTokenUsage);
    this.#notice(notification);
  }

  #takeLate(turnId: string, story: TurnStory, notification: Notification): void {
    this.#emit(this.options.open.events, story.take(notification));
    if (!story.hasOpenItems) this.#late.delete(turnId);
  }

  /** Each once: codex repeats some with every turn. */
  #notice(notification: Notification): void {
    const payload = noticeOf(notification);
    if (!payload || this.#toldNotices.has(payload.message)) return;
    this.#toldNotices.add(payload.message);
    const message = this.options.redact(payload.message);
    if (this.#live) this.#live.tell({ ...payload, message });
    else {
      const event = { type: 'backend_status' as const, payload: { ...payload, message } };
      this.#emit(this.options.open.events, [event]);
    }
  }

  #requested(request: ServerRequest): ServerAnswer {
    const { approval } = this.options.open.policy;
    const { answer, needsInput } = reactionTo(request, approval);
    if (needsInput && approval === 'never') this.#live?.tell({ phase: 'approval-declined', ...needsInput });
    // The answer goes first, so that codex has the item declined when it ends the turn.
    else if (needsInput) setImmediate(() => this.#live?.block(needsInput));
    return answer;
  }

  #exited(how: string): void {
    const said = this.options.redact(this.server.lastWords(LAST_WORDS_LINES));
    const reason = said === '' ? how : `${how}: ${said}`;
    if (this.#live) this.#live.died(reason, { isExpected: this.#isClosing });
    else if (!this.#isClosing && this.#threadId !== '') {
      const payload = { phase: 'agent/exited', message: reason, threadId: this.#threadId };
      this.#emit(this.options.open.events, [{ type: 'backend_status', payload }]);
    }
    for (const story of this.#late.values()) this.#emit(this.options.open.events, story.end({ isDead: true }));
    void this.options.release();
  }

  /**
   * Codex leaves the commands of an interrupted turn running; and what these have put into groups of their own even codex
   * does not find. Each of them carries the thread's id in its environment, and codex itself does not.
   */
  async #endCommands(story: TurnStory): Promise<void> {
    const { server } = this;
    await server.request('thread/backgroundTerminals/clean', { threadId: this.#threadId }, CLEAN_MS).catch(() => {});
    const spare = [...lineageOf(process.pid), ...(server.pid === undefined ? [] : [server.pid])];
    const marker = { name: 'CODEX_THREAD_ID', value: this.#threadId };
    await endTree({ groups: [], marker, spare }, { timeoutMs: CLEAN_MS }).catch(() => {});
    for (let waitedMs = 0; story.hasOpenItems && waitedMs < LAST_ITEMS_MS && server.isAlive; waitedMs += 20)
      await delay(20);
  }

  /** A full sink makes codex wait, by its pipe. */
  #emit(sink: EventSink, events: readonly AgentEvent[]): void {
    const hasRoom = events.map((event) => sink.emit(event)).every(Boolean);
    if (hasRoom || this.#isHeld) return;
    this.#isHeld = true;
    this.server.pause();
    void sink.drained().then(() => {
      this.#isHeld = false;
      this.server.resume();
    });
  }
}

function turnIdOf(params: Notification['params']): string | undefined {
  const { turnId, turn } = params as { turnId?: unknown; turn?: { id?: unknown } };
  const id = turnId ?? turn?.id;
  return typeof id === 'string' ? id : undefined;
}
