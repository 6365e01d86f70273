import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { EventRecord } from '../contract/event.js';
import type { RunRecord } from '../contract/run.js';
import { TransportError, type HttpClient } from './http-client.js';
import { Outage, pause, type OutageOptions } from './outage.js';

export interface TailOptions extends OutageOptions {
  /** Only what comes after this `seq`; 0, the beginning, when absent. */
  readonly afterSeq?: number;
  /** Ends the tail, which then throws the signal's reason. The run goes on. */
  readonly signal?: AbortSignal;
}

/** How the run stood when its last event had been told. */
export type TailEnd = Pick<RunRecord, 'status' | 'terminalStatus' | 'failureKind'> & {
  readonly runId: string;
  readonly lastSeq: number;
};

/** The server says something every 15 s; a connection that is silent for longer than this has died without a word. */
const SILENCE_MS = 45_000;

/**
 * A run's events in order, each once, from `afterSeq` to the run's end, which is the return value. A broken connection is made anew
 * from the last event that came; it says nothing of the run. A run that cannot be reached at all fails at once.
 * @throws ApiError for a refusal; TransportError when the server stays away.
 */
export async function* tailEvents(
  client: HttpClient,
  runId: string,
  options: TailOptions = {},
): AsyncGenerator<EventRecord, TailEnd, void> {
  const outage = new Outage(options);
  let seq = options.afterSeq ?? 0;
  for (let resumed = false; ; resumed = true) {
    try {
      const connection = await openConnection(client, runId, { seq, resumed, signal: options.signal });
      outage.connected();
      for await (const message of connection) {
        outage.heard();
        if (message.event === 'end') return JSON.parse(message.data) as TailEnd;
        const event = JSON.parse(message.data) as EventRecord;
        if (event.seq <= seq) continue;
        yield event;
        seq = event.seq;
      }
      throw new TransportError('the event stream ended before the run did');
    } catch (error) {
      options.signal?.throwIfAborted();
      await pause(outage.retryIn(error), options.signal);
    }
  }
}

interface ConnectionRequest {
  readonly seq: number;
  readonly resumed: boolean;
  readonly signal?: AbortSignal;
}

/** Resolves when the server has answered; the messages end with the connection. */
async function openConnection(
  client: HttpClient,
  runId: string,
  { seq, resumed, signal }: ConnectionRequest,
): Promise<AsyncGenerator<EventSourceMessage>> {
  const connection = new AbortController();
  const onAbort = () => connection.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const release = () => {
    signal?.removeEventListener('abort', onAbort);
    connection.abort();
  };
  try {
    const response = await client.stream(`/api/v1/runs/${runId}/events/stream`, {
      query: { afterSeq: seq },
      headers: { accept: 'text/event-stream', ...(resumed && { 'last-event-id': String(seq) }) },
      signal: connection.signal,
    });
    if (response.status === 204) return endOnly(await client.get<RunRecord>(`/api/v1/runs/${runId}`), seq, release);
    if (response.body === null) throw new TransportError('the event stream has no body');
    return messagesOf(response.body, connection, release);
  } catch (error) {
    release();
    throw error;
  }
}

/** The run ended while we were away, and all its events had been told. */
async function* endOnly(run: RunRecord, lastSeq: number, release: () => void): AsyncGenerator<EventSourceMessage> {
  release();
  const { id: runId, status, terminalStatus, failureKind } = run;
  const end: TailEnd = { runId, status, terminalStatus, failureKind, lastSeq };
  yield { event: 'end', data: JSON.stringify(end) };
}

async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  connection: AbortController,
  release: () => void,
): AsyncGenerator<EventSourceMessage> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  // Once an answer has begun, fetch may forget its signal when memory is tidied up: the body is let go of by hand.
  const letGo = () => void reader.cancel().catch(() => undefined);
  connection.signal.addEventListener('abort', letGo, { once: true });
  try {
    for (;;) {
      const silence = setTimeout(() => connection.abort(new TransportError('the event stream is silent')), SILENCE_MS);
      const { done, value } = await reader
        .read()
        .catch((error: unknown) => {
          throw connection.signal.aborted ? connection.signal.reason : new TransportError(reasonOf(error));
        })
        .finally(() => clearTimeout(silence));
      connection.signal.throwIfAborted();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* messages.splice(0);
    }
  } finally {
    release();
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return `the event stream broke: ${cause instanceof Error ? cause.message : String(cause)}`;
}
