import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { folders, readSettings } from '../src/config.js';
import { SEARCH_ATTRIBUTES } from '../src/domain/search-attributes.js';
import { startEmbeddedPostgres } from '../src/embedded/postgres.js';
import { startTemporalDevServer } from '../temporal-dev/dev-server.js';
import { resolveTemporalCli } from '../temporal-dev/resolve-cli.js';

export interface Servers {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly postgresPid: number;
  readonly temporalPid: number;
  stop(): Promise<void>;
}

const onProgress = () => undefined;

/** PostgreSQL and Temporal on loopback, with the settings that the embedded stack gives them. */
export async function startServers(dataDir: string): Promise<Servers> {
  const logs = join(dataDir, 'logs');
  await mkdir(logs, { recursive: true });
  const started = await Promise.allSettled([
    startEmbeddedPostgres({
      dataDir: join(dataDir, 'postgres'),
      logFile: join(logs, 'postgres.log'),
      port: 0,
      onProgress,
    }),
    startTemporal(dataDir, logs),
  ]);
  const [postgres, temporal] = started;
  const stop = async () => {
    await Promise.all(started.map(async (server) => (server.status === 'fulfilled' ? server.value.stop() : undefined)));
  };
  if (postgres.status === 'fulfilled' && temporal.status === 'fulfilled') {
    return {
      databaseUrl: postgres.value.connectionString,
      temporalAddress: temporal.value.address,
      postgresPid: postgres.value.pid,
      temporalPid: temporal.value.pid,
      stop,
    };
  }
  await stop();
  throw started.find((server) => server.status === 'rejected')?.reason;
}

async function startTemporal(dataDir: string, logs: string) {
  const { cacheDir } = folders(readSettings());
  const explicitPath = process.env['TEMPORAL_CLI'];
  const cli = await resolveTemporalCli({ explicitPath, pathEnv: process.env['PATH'] ?? '', cacheDir, onProgress });
  return startTemporalDevServer({
    cliPath: cli.path,
    dbFile: join(dataDir, 'temporal', 'temporal.db'),
    port: 0,
    uiPort: 0,
    namespace: 'default',
    searchAttributes: SEARCH_ATTRIBUTES,
    logFile: join(logs, 'temporal.log'),
    onProgress,
  });
}
