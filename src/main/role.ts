import { join } from 'node:path';
import { pino } from 'pino';
import { ConfigurationError, folders, type Settings } from '../config.js';
import { openDataFolder } from '../embedded/data-folder.js';
import { migrate } from '../postgres/migrate.js';
import { readOrMakeKeys } from './keys.js';
import { createLogger } from './logger.js';
import { startManager, type Manager } from './manager.js';
import { createPlatform } from './runner-platform.js';
import { sendTemporalLogsTo } from './temporal-logs.js';

type Environment = Readonly<Record<string, string | undefined>>;

export type Role = 'api' | 'worker';

/**
 * One part of a manager by itself, over a PostgreSQL and a Temporal that are there already; logs on standard output. Parts on other
 * machines must be given the same AGENTRUN_TOKEN_KEY, and on the local platform the same AGENTRUN_SECRETS_KEY; parts of one data folder
 * find the same keys there.
 * @throws ConfigurationError that names the missing variable; DataFolderLocked for a second worker of one data folder.
 */
export async function startRole(role: Role, settings: Settings, environment: Environment): Promise<Manager> {
  const databaseUrl = required(settings, 'AGENTRUN_DATABASE_URL');
  const temporalAddress = required(settings, 'AGENTRUN_TEMPORAL_ADDRESS');
  const { dataDir, cacheDir } = folders(settings, environment);
  const logger = createLogger(settings.AGENTRUN_LOG_LEVEL, pino.destination({ fd: 1, sync: true }));
  // Temporal's native part belongs to workers; started without one, it would keep this process from ending.
  if (role === 'worker') sendTemporalLogsTo(logger);
  const warn = (message: string, error: unknown) => logger.warn({ error: String(error) }, message);
  const isLocal = settings.AGENTRUN_PLATFORM === 'local';
  // Local runners are watched by one worker; an API only asks how their folder is.
  const folder = role === 'worker' && isLocal ? await openDataFolder(dataDir) : undefined;
  try {
    const keys = await readOrMakeKeys(settings, join(dataDir, 'keys'));
    const manager = await startManager({
      settings: isLocal ? withLoopbackUrl(settings) : settings,
      databaseUrl,
      temporalAddress,
      keys,
      platform: await createPlatform(settings, dataDir, keys.secretsKey, environment, warn),
      searchPath: environment['PATH'] ?? '',
      cacheDir,
      logger,
      roles: { api: role === 'api', worker: role === 'worker' },
    });
    return { ...manager, stop: () => manager.stop().finally(() => folder?.release()) };
  } catch (error) {
    await folder?.release();
    throw error;
  }
}

/** Brings the database's schema up to this version; answers the names of the migrations that ran. @throws ConfigurationError */
export function migrateDatabase(settings: Settings): Promise<string[]> {
  return migrate({ connectionString: required(settings, 'AGENTRUN_DATABASE_URL') });
}

function required(settings: Settings, name: 'AGENTRUN_DATABASE_URL' | 'AGENTRUN_TEMPORAL_ADDRESS'): string {
  const value = settings[name];
  if (value !== undefined) return value;
  throw new ConfigurationError(`${name} is not set: this part of AgentRun works with a server of yours`);
}

/** Local runners reach the API of the same machine, unless told otherwise. */
function withLoopbackUrl(settings: Settings): Settings {
  const { AGENTRUN_HOST: host, AGENTRUN_PORT: port, AGENTRUN_INTERNAL_MGR_URL: given } = settings;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  return { ...settings, AGENTRUN_INTERNAL_MGR_URL: given ?? url };
}
