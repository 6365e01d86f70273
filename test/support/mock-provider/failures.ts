import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from './reply.js';

/** The ways in which providers refuse and break, in the shapes that agents tell apart. */

interface HttpError {
  readonly message?: string;
  readonly type?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Refused with this status before anything is streamed: 401, 403, 429 (too fast), 500, 503 … */
export function httpError(status: number, error: HttpError = {}): Reply {
  const { message = `the provider answers ${status}`, type = 'invalid_request_error', code = null } = error;
  return ({ outgoing }) => {
    outgoing.writeHead(status, { 'content-type': 'application/json', ...error.headers });
    outgoing.end(JSON.stringify({ error: { message, type, code, param: null, ...error.fields } }));
  };
}

/** The account has used up what it may. @param resetsInS seconds until it may again */
export function usageLimitReached(resetsInS = 3600): Reply {
  const resets_at = Math.floor(Date.now() / 1000) + resetsInS;
  const fields = { plan_type: 'plus', resets_at, resets_in_seconds: resetsInS };
  return httpError(429, { type: 'usage_limit_reached', message: 'The usage limit has been reached', fields });
}

/** Overloaded: 503 as the API says it. */
export function overloaded(): Reply {
  return httpError(503, { type: 'server_error', code: 'server_is_overloaded', message: 'Our servers are overloaded' });
}

/**
 * A response that began and failed. Codes that agents know: `context_length_exceeded`, `rate_limit_exceeded`,
 * `insufficient_quota`, `server_is_overloaded`, `invalid_prompt`.
 */
export function responseFailed(code: string, message = `failed with ${code}`): Reply {
  return (stream) => {
    stream.begin();
    stream.event('response.failed', { response: { id: stream.id, status: 'failed', error: { code, message } } });
    stream.outgoing.end();
  };
}

/** The connection breaks in the middle of this text. */
export function cutStream(said = 'half a sen'): Reply {
  return async (stream) => {
    stream.begin();
    const item_id = `msg_${randomUUID()}`;
    stream.openItem({ type: 'message', id: item_id, role: 'assistant', content: [] });
    stream.event('response.output_text.delta', { item_id, output_index: 0, content_index: 0, delta: said });
    // What is still in the socket would be lost with it.
    await delay(50);
    stream.outgoing.destroy();
  };
}

/** Takes the request and never answers: no headers, and the connection stays open until the agent or the test ends it. */
export function hangs(): Reply {
  return (stream) => stream.closed;
}

/** Sends headers and the first event, and then nothing. */
export function stalls(): Reply {
  return (stream) => {
    stream.begin();
    return stream.closed;
  };
}

/** A base URL nobody listens on. */
export async function aClosedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/v1`;
}
