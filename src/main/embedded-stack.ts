import { join } from 'node:path';
import type { Logger } from 'pino';
import { folders, readOperators, type Settings } from '../config.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { openDataFolder, type DataFolder } from '../embedded/data-folder.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import type { RunnerPlatform } from '../ports/runner-platform.js';
import type { Progress } from '../processes/progress.js';
import { startTemporalDevServer } from '../../temporal-dev/dev-server.js';
import { resolveTemporalCli } from '../../temporal-dev/resolve-cli.js';
import { readAipodSpecDirectory } from './aipod-spec-directory.js';
import { readOrMakeKeys, type Keys } from './keys.js';
import { startManager, type Manager } from './manager.js';
import { createPlatform } from './runner-platform.js';
import { ServerDeaths } from './server-deaths.js';

type Closing = (() => Promise<void>)[];

export interface EmbeddedStackOptions {
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: (folder: DataFolder) => Logger;
  readonly onProgress: Progress;
}

export interface EmbeddedStack {
  readonly url: string;
  /** Undefined where Temporal is not ours. */
  readonly temporalUiUrl: string | undefined;
  readonly dataDir: string;
  readonly keys: Keys;
  /** Where its runners run. They go on when the stack stops. */
  readonly platform: RunnerPlatform;
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** PostgreSQL, Temporal and the manager in one folder on this machine; what is configured from outside is not started. */
export async function startEmbeddedStack(options: EmbeddedStackOptions): Promise<EmbeddedStack> {
  const { settings, onProgress } = options;
  // Before anything is started for nothing.
  readOperators(settings);
  await readAipodSpecDirectory(settings);
  const folder = await openDataFolder(folders(settings, options.environment).dataDir);
  const closing: Closing = [() => folder.release()];
  const deaths = new ServerDeaths();
  const stop = () => {
    deaths.close();
    return closeAll(closing.splice(0));
  };
  try {
    const [database, temporal] = await startServers(options, folder, closing, deaths);
    const keys = await readOrMakeKeys(settings, folder.keys);
    onProgress({ name: 'AgentRun', state: 'started' });
    const { manager, platform } = await startHere(options, folder, keys, database, temporal);
    closing.unshift(() => manager.stop());
    if (manager.url === undefined) throw new Error('the API was not started');
    onProgress({ name: 'AgentRun', state: 'done', detail: manager.url });
    const failed = Promise.race([manager.failed, deaths.first]);
    // Who does not look at it (the demo) must not die of it.
    failed.catch(() => undefined);
    return {
      url: manager.url,
      temporalUiUrl: temporal.uiUrl,
      dataDir: folder.path,
      keys,
      platform,
      failed,
      stop,
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** In the reverse order of starting; one that fails to close does not keep the others open. */
async function closeAll(closing: Closing): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closing) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Both at once: each waits for its own process. */
async function startServers(options: EmbeddedStackOptions, folder: DataFolder, closing: Closing, deaths: ServerDeaths) {
  const started = await Promise.allSettled([
    startPostgres(options, folder, closing, deaths),
    startTemporal(options, folder, closing, deaths),
  ]);
  const failure = started.find((server) => server.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return started.map((server) => (server as PromiseFulfilledResult<unknown>).value) as [
    string,
    { address: string; uiUrl: string | undefined },
  ];
}

async function startPostgres(
  { settings, onProgress }: EmbeddedStackOptions,
  folder: DataFolder,
  closing: Closing,
  deaths: ServerDeaths,
): Promise<string> {
  if (settings.AGENTRUN_DATABASE_URL !== undefined) return settings.AGENTRUN_DATABASE_URL;
  const logFile = join(folder.logs, 'postgres.log');
  const postgres = await startEmbeddedPostgres({ dataDir: folder.postgres, logFile, port: 0, onProgress });
  closing.unshift(() => postgres.stop());
  deaths.watch('the embedded PostgreSQL', postgres.pid);
  return postgres.connectionString;
}

async function startTemporal(
  { settings, environment, onProgress }: EmbeddedStackOptions,
  folder: DataFolder,
  closing: Closing,
  deaths: ServerDeaths,
): Promise<{ address: string; uiUrl: string | undefined }> {
  if (settings.AGENTRUN_TEMPORAL_ADDRESS !== undefined)
    return { address: settings.AGENTRUN_TEMPORAL_ADDRESS, uiUrl: undefined };
  const cli = await resolveTemporalCli({
    explicitPath: settings.TEMPORAL_CLI,
    pathEnv: environment['PATH'] ?? '',
    cacheDir: folders(settings, environment).cacheDir,
    onProgress,
  });
  const temporal = await startTemporalDevServer({
    cliPath: cli.path,
    dbFile: join(folder.temporal, 'temporal.db'),
    port: 0,
    uiPort: settings.AGENTRUN_TEMPORAL_UI_PORT,
    namespace: settings.AGENTRUN_TEMPORAL_NAMESPACE,
    searchAttributes: SEARCH_ATTRIBUTES,
    logFile: join(folder.logs, 'temporal.log'),
    onProgress,
  });
  closing.unshift(() => temporal.stop());
  deaths.watch('the Temporal dev server', temporal.pid);
  return { address: temporal.address, uiUrl: temporal.uiUrl };
}

async function startHere(
  { settings, environment, logger: loggerOf }: EmbeddedStackOptions,
  folder: DataFolder,
  keys: Keys,
  databaseUrl: string,
  temporal: { address: string; uiUrl: string | undefined },
): Promise<{ manager: Manager; platform: RunnerPlatform }> {
  const logger = loggerOf(folder);
  const warn = (message: string, error: unknown) => logger.warn({ error: String(error) }, message);
  const platform = await createPlatform(settings, folder.path, keys.secretsKey, environment, warn);
  const manager = await startManager({
    settings,
    databaseUrl,
    temporalAddress: temporal.address,
    temporalUiUrl: temporal.uiUrl,
    keys,
    platform,
    searchPath: environment['PATH'] ?? '',
    cacheDir: folders(settings, environment).cacheDir,
    logger,
    roles: { api: true, worker: true },
  });
  return { manager, platform };
}
