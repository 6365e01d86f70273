import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Failure } from '../contract/envelope.js';
import { newId } from '../domain/new-id.js';

/** Sizes in bytes, durations in milliseconds. */
export interface ConnectionLimits {
  /** All headers of a request must have arrived by then, from when the connection stood. */
  readonly headersMs: number;
  /** A whole request must have arrived by then; answers, long polls and streams may take longer. */
  readonly requestMs: number;
  /** Longer than a long poll waits and a stream is silent: a connection over which nothing moves for so long is cut off. */
  readonly silenceMs: number;
  /** Longer than a long poll's wait, so that clients keep their connections. */
  readonly keepAliveMs: number;
  /** How often the first two are looked after. */
  readonly checkMs: number;
  readonly headerBytes: number;
  /** One more is closed at once. */
  readonly connections: number;
}

const CONNECTION_LIMITS: ConnectionLimits = {
  headersMs: 15_000,
  requestMs: 60_000,
  silenceMs: 120_000,
  keepAliveMs: 75_000,
  checkMs: 5_000,
  headerBytes: 16_384,
  connections: 10_000,
};

/** An HTTP server that nobody holds up by sending slowly, reading slowly, or saying nothing; what it refuses by itself it says in our envelope. */
export function limitedServer(handle: RequestListener, given: Partial<ConnectionLimits> = {}): Server {
  const limits = { ...CONNECTION_LIMITS, ...given };
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: limits.headerBytes,
    },
    handle,
  );
  server.timeout = limits.silenceMs;
  server.maxConnections = limits.connections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error.code ?? '', limits, socket));
  return server;
}

function refuse(code: string, limits: ConnectionLimits, socket: Duplex): void {
  // Nobody is there any more, or an answer has begun: whatever is said now would be taken for a part of it.
  if (code === 'ECONNRESET' || !socket.writable || hasAnswered(socket)) {
    socket.destroy();
    return;
  }
  const [status, field, message] = refusalOf(code, limits);
  const traceId = newId('trc');
  const failureKind = 'schema-invalid' as const;
  const error = { name: 'AgentRunError', failureKind, message, details: { field } };
  const body = JSON.stringify({ ok: false, failureKind, message, traceId, error } satisfies Failure);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
      `content-type: application/json; charset=utf-8\r\nx-trace-id: ${traceId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function hasAnswered(socket: Duplex): boolean {
  const { _httpMessage: response } = socket as Duplex & { _httpMessage?: { headersSent: boolean } | null };
  return response?.headersSent === true;
}

function refusalOf(code: string, limits: ConnectionLimits): [status: number, field: string, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'headers', `the headers must have at most ${limits.headerBytes} bytes`];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'request', `a request must arrive within ${limits.requestMs / 1_000} s`];
    default:
      return [400, 'request', 'this is no HTTP request'];
  }
}
