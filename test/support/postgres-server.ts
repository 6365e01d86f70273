import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.js';

/** A PostgreSQL of the tests' own, in a folder of its own. */
export interface PostgresServer {
  /** Of a superuser; holds the password. */
  readonly connectionString: string;
  readonly pid: number;
  /** Ends the server and keeps its data. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends the server and removes its data. */
  remove(): Promise<void>;
}

export async function startPostgresServer(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'agentrun-postgres-'));
  const start = (port: number) =>
    startEmbeddedPostgres({
      dataDir: folder,
      logFile: join(folder, 'postgres.log'),
      port,
      onProgress: () => undefined,
    });
  let server = await start(0);
  return {
    connectionString: server.connectionString,
    get pid() {
      return server.pid;
    },
    stop: () => server.stop(),
    async start() {
      server = await start(server.port);
    },
    async remove() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
