import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventRecord } from '../contract/event.js';
import type { RunRecord } from '../contract/run.js';
import { AgentRunError } from '../domain/errors.js';
import { isTerminalStatus } from '../domain/outcome.js';
import type { Principal } from '../domain/principal.js';
import { requireRun } from '../operations/access.js';
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

export interface EventStreamRequest {
  readonly principal: Principal;
  readonly runId: string;
  readonly afterSeq: number;
  readonly traceId: string;
  readonly signal: AbortSignal;
}

/**
 * A run's events as Server-Sent Events, from `afterSeq` to the run's end, then an event named `end`.
 * A slow reader holds the writing back: no more than about a megabyte waits for it.
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

  constructor(
    private readonly app: App,
    private readonly request: EventStreamRequest,
    private readonly stream: PassThrough,
  ) {
    this.#seq = request.afterSeq;
  }

  /** Never rejects: whatever happens, the stream is ended and everything let go. */
  async run(): Promise<void> {
    const { stream, request, app } = this;
    const subscription = app.operations.wakeups.subscribe(`events:${request.runId}`);
    const heartbeatMs = app.settings.heartbeatMs ?? HEARTBEAT_MS;
    const heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    try {
      await this.#write(`retry: ${RETRY_MS}\n\n`);
      while (!request.signal.aborted && (await this.#catchUp())) {
        if (this.#downSince === undefined) await subscription.next(heartbeatMs, request.signal);
        else await delay(1_000, undefined, { signal: request.signal });
      }
    } catch (error) {
      if (!request.signal.aborted) this.#logEnd(error);
    } finally {
      clearInterval(heartbeat);
      subscription.close();
      stream.end();
    }
  }

  /** Sends all there is; false when nothing more will come. */
  async #catchUp(): Promise<boolean> {
    try {
      const run = await requireRun(this.app.operations, this.request.principal, this.request.runId);
      // The run was read before its events: what it said in the end is among them.
      await this.#sendAll();
      this.#downSince = undefined;
      if (!isTerminalStatus(run.status)) return true;
      await this.#write(endMessage(run, this.#seq));
      return false;
    } catch (error) {
      return this.#outlasts(error);
    }
  }

  async #sendAll(): Promise<void> {
    const { events } = this.app.operations;
    for (;;) {
      const limit = this.#pageEvents;
      const page = await events.page({ runId: this.request.runId, afterSeq: this.#seq, limit });
      let length = 0;
      for (const event of page) {
        const message = eventMessage(event);
        length += message.length;
        await this.#write(message);
        this.#seq = event.seq;
      }
      if (page.length < limit || this.request.signal.aborted) return;
      this.#pageEvents = pageFor(length / page.length);
    }
  }

  /** True while an outage is short enough to wait for its end; any other error is the stream's end. */
  #outlasts(error: unknown): boolean {
    if (!(error instanceof AgentRunError) || error.refusal !== 'unavailable') throw error;
    this.#downSince ??= Date.now();
    return Date.now() - this.#downSince < OUTAGE_MS;
  }

  async #write(text: string): Promise<void> {
    if (!this.stream.write(text)) await once(this.stream, 'drain', { signal: this.request.signal });
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
