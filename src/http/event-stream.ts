import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventRecord } from '../contract/event.js';
import type { RunRecord } from '../contract/run.js';
import { AgentRunError } from '../domain/errors.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { Principal } from '../domain/principal.js';
import { requireRun } from '../operations/access.js';
import type { RunStore } from '../ports/run-store.js';
import type { App } from './dependencies.js';
import { loggable } from './log-error.js';

const HEARTBEAT_MS = 15_000;

/** A page of events is held in memory until the reader has taken it: about so many bytes, however large an event is. */
const PAGE_BYTES = 1024 * 1024;
const PAGE_EVENTS = { first: 16, least: 4, most: 500 };

/** How soon a client should come back after a broken connection. */
const RETRY_MS = 2_000;

/** A database that is away for longer ends the stream; the client comes back with the last id it saw. */
const OUTAGE_MS = 60_000;

/** The longest that a timer takes. A stream of more than three weeks is opened anew. */
const LONGEST_MS = 2 ** 31 - 1;

export interface EventStreamRequest {
  readonly principal: Principal;
  readonly runId: string;
  readonly afterSeq: number;
  readonly traceId: string;
  readonly signal: AbortSignal;
}

/**
 * A run's events as Server-Sent Events, from `afterSeq` to the run's end, then an event named `end`.
 * A slow reader holds the writing back: no more than about a megabyte waits for it. It hears nothing when its token is over: the stream
 * ends, and whoever comes back is asked who it is.
 */
export function eventStream(app: App, request: EventStreamRequest): PassThrough {
  const stream = new PassThrough();
  void new EventPump(app, request, stream).run();
  return stream;
}

class EventPump {
  #seq: number;
  #downSince: number | undefined;
  #pageEvents = PAGE_EVENTS.first;
  /** At the run, since the stream began: it may have ended long before. */
  #hasLooked = false;
  readonly #expired = new AbortController();
  /** The reader has gone, or its token is over. */
  readonly #signal: AbortSignal;

  constructor(
    private readonly app: App,
    private readonly request: EventStreamRequest,
    private readonly stream: PassThrough,
  ) {
    this.#seq = request.afterSeq;
    this.#signal = AbortSignal.any([request.signal, this.#expired.signal]);
  }

  /** Never rejects: whatever happens, the stream is ended and everything let go. */
  async run(): Promise<void> {
    const { stream, request, app } = this;
    const subscription = app.operations.wakeups.subscribe(`events:${request.runId}`);
    const heartbeatMs = app.settings.heartbeatMs ?? HEARTBEAT_MS;
    const heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    const expiry = this.#endWithToken();
    try {
      await this.#write(`retry: ${RETRY_MS}\n\n`);
      while (!this.#signal.aborted && (await this.#catchUp())) {
        if (this.#downSince === undefined) await subscription.next(heartbeatMs, this.#signal);
        else await delay(1_000, undefined, { signal: this.#signal });
      }
    } catch (error) {
      if (!this.#signal.aborted) this.#logEnd(error);
    } finally {
      clearInterval(heartbeat);
      clearTimeout(expiry);
      subscription.close();
      stream.end();
    }
  }

  #endWithToken(): NodeJS.Timeout | undefined {
    const { principal } = this.request;
    if (principal.kind !== 'operator' || principal.expiresAtMs === undefined) return undefined;
    const leftMs = Math.min(principal.expiresAtMs - Date.now(), LONGEST_MS);
    return setTimeout(() => this.#expired.abort(), leftMs);
  }

  /** Sends all there is; false when nothing more will come. */
  async #catchUp(): Promise<boolean> {
    try {
      // A runner hears no more of a run than its attempt may.
      if (this.request.principal.kind === 'runner') await this.#run();
      const goesOn = await this.#sendAll();
      const run = goesOn && this.#hasLooked ? undefined : await this.#run();
      this.#hasLooked = true;
      // The run was read before the rest of its events: what it said in the end is among them.
      if (run !== undefined && isTerminalStatus(run.status)) await this.#sendAll();
      this.#downSince = undefined;
      if (run === undefined || !isTerminalStatus(run.status)) return true;
      await this.#write(endMessage(run, this.#seq));
      return false;
    } catch (error) {
      return this.#outlasts(error);
    }
  }

  /** True when the run said something, and not its end: then there is no need to look whether it has ended. */
  async #sendAll(): Promise<boolean> {
    let said = false;
    let ended = false;
    for (;;) {
      const limit = this.#pageEvents;
      const page = await this.#page(limit);
      if (page.events > 0) await this.#write(page.text);
      this.#seq = page.lastSeq;
      said ||= page.events > 0;
      ended ||= page.tellsTheEnd;
      // Whoever has caught up asks for the same as the others who have.
      const isLast = page.events < limit || this.#signal.aborted;
      this.#pageEvents = isLast ? PAGE_EVENTS.first : pageFor(page.text.length / page.events);
      if (isLast) return said && !ended;
    }
  }

  /** Read and put into words once for all who follow the run from here. */
  #page(limit: number): Promise<Page> {
    const { runId } = this.request;
    const [afterSeq, { events }] = [this.#seq, this.app.operations];
    return this.app.sharedReads.read(`page ${runId} ${afterSeq} ${limit}`, async () => {
      const page = await events.page({ runId, afterSeq, limit });
      const text = page.map(eventMessage).join('');
      const tellsTheEnd = page.some(({ type }) => type === 'terminal_status');
      return { text, events: page.length, lastSeq: page.at(-1)?.seq ?? afterSeq, tellsTheEnd };
    });
  }

  /** The run, if it may still be seen. */
  #run(): Promise<RunRecord> {
    const { sharedReads, operations } = this.app;
    const getRun: RunStore['getRun'] = (runId, tenants) =>
      sharedReads.read(`run ${runId} ${JSON.stringify(tenants)}`, () => operations.runs.getRun(runId, tenants));
    return requireRun({ runs: { getRun } }, this.request.principal, this.request.runId);
  }

  /** True while an outage is short enough to wait for its end; any other error is the stream's end. */
  #outlasts(error: unknown): boolean {
    if (!(error instanceof AgentRunError) || error.refusal !== 'unavailable') throw error;
    this.#downSince ??= Date.now();
    return Date.now() - this.#downSince < OUTAGE_MS;
  }

  async #write(text: string): Promise<void> {
    if (!this.stream.write(text)) await once(this.stream, 'drain', { signal: this.#signal });
  }

  /** Nothing is added for a reader that has not taken what there is. */
  #beat(): void {
    if (this.stream.writableLength === 0 && this.stream.writable) this.stream.write(': alive\n\n');
  }

  #logEnd(error: unknown): void {
    const { traceId, runId } = this.request;
    this.app.logger.warn({ traceId, runId, error: loggable(error) }, 'event stream ended');
  }
}

interface Page {
  /** Its messages. */
  readonly text: string;
  /** How many. */
  readonly events: number;
  /** Of the last one; where the reader was when there is none. */
  readonly lastSeq: number;
  readonly tellsTheEnd: boolean;
}

/** How many events of this length make a page. */
function pageFor(eventLength: number): number {
  const fitting = Math.floor(PAGE_BYTES / eventLength);
  return Math.min(PAGE_EVENTS.most, Math.max(PAGE_EVENTS.least, fitting));
}

function eventMessage(event: EventRecord): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}

function endMessage(run: RunRecord, lastSeq: number): string {
  const { id: runId, status, terminalStatus, failureKind } = run;
  return `event: end\ndata: ${JSON.stringify({ runId, status, terminalStatus, failureKind, lastSeq })}\n\n`;
}
