import { once } from 'node:events';
import type { Server } from 'node:http';
import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp, type BuiltApp } from './app.js';
import type { HttpDependencies } from './dependencies.js';
import { limitedServer } from './limited-server.js';
import { healthRoutes } from './routes/health.js';
import { metricsRoutes } from './routes/metrics.js';

const DEFAULT_DRAIN_MS = 10_000;

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** How long a server that is told to close goes on answering, and says that it is not ready: those who send requests here look elsewhere meanwhile. */
  readonly leaveMs?: number;
  /** Connections at once; one more is closed. */
  readonly connections?: number;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Says for `leaveMs` that it is leaving; then stops accepting, ends streams and long polls, waits for the rest up to `drainMs`, then cuts it off. */
  close(drainMs?: number): Promise<void>;
}

/** Serves the application; resolves when it accepts connections. */
export async function serve(dependencies: HttpDependencies, options: ListenOptions): Promise<RunningServer> {
  return listen(createApp(dependencies), options);
}

/** Serves how a process is that has no API, and its figures. */
export async function serveHealth(dependencies: HttpDependencies, options: ListenOptions): Promise<RunningServer> {
  return listen(createApp(dependencies, [...healthRoutes(dependencies), ...metricsRoutes(dependencies)]), options);
}

async function listen({ koa, openRequests }: BuiltApp, options: ListenOptions): Promise<RunningServer> {
  const handle = koa.callback();
  const { connections } = options;
  const limits = connections === undefined ? {} : { connections };
  const server = limitedServer((request, response) => void handle(request, response), limits);
  const closeUnused = trackUnused(server);
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = isIPv6(options.host) ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: async (drainMs = DEFAULT_DRAIN_MS) => {
      openRequests.leave();
      await delay(options.leaveMs ?? 0);
      openRequests.stop();
      closeUnused();
      await drain(server, drainMs);
    },
  };
}

/**
 * Browsers and HTTP clients open connections ahead of need. Node takes one that never carried a request for busy when it closes:
 * answers how to close those.
 */
function trackUnused(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  return () => {
    for (const socket of unused) socket.destroy();
  };
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const drained = new AbortController();
  const late = delay(drainMs, undefined, { signal: drained.signal }).then(
    () => server.closeAllConnections(),
    () => {},
  );
  await Promise.race([closed, late]);
  await closed;
  drained.abort();
}
