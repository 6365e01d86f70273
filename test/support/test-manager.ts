import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type DestinationStream, type Logger } from 'pino';
import { folders, readSettings } from '../../src/config.js';
import type { Keys } from '../../src/main/keys.js';
import { createLocalPlatform } from '../../src/main/local-runners.js';
import { createLogger } from '../../src/main/logger.js';
import { startManager } from '../../src/main/manager.js';
import type { RunnerPlatform } from '../../src/ports/runner-platform.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { quietRuntime } from './quiet-runtime.js';
import { createTestNamespace } from './temporal-server.js';

export interface TestManager {
  readonly url: string;
  /** Sees all tenants. */
  readonly operatorToken: string;
  readonly database: TestDatabase;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly platform: RunnerPlatform;
  readonly dataDir: string;
  readonly keys: Keys;
  stop(): Promise<void>;
  /** Stops the manager alone: its data folder is for the next one. */
  leave(): Promise<void>;
}

/** Servers and ears of the test's own; what is absent is shared with other tests, or silent. */
export interface TestManagerParts {
  readonly database?: TestDatabase;
  readonly temporal?: TestManager['temporal'];
  /** What stands between the manager and its platform, to let that fail. */
  readonly platform?: (platform: RunnerPlatform) => RunnerPlatform;
  /** Of an earlier manager, which leaves it. */
  readonly dataDir?: string;
  /** Of an earlier manager, whose runners are to go on. */
  readonly keys?: Keys;
  /** Where the manager's log goes, all levels. */
  readonly log?: DestinationStream;
}

/** A whole manager in this process, over a database, a namespace and a data folder of its own. `settings` as in the environment. */
export async function startTestManager(
  settings: Record<string, string> = {},
  parts: TestManagerParts = {},
): Promise<TestManager> {
  quietRuntime();
  const dataDir = parts.dataDir ?? (await mkdtemp(join(tmpdir(), 'agentrun-manager-')));
  const [database, temporal] = await Promise.all([
    parts.database ?? createTestDatabase(),
    parts.temporal ?? createTestNamespace(),
  ]);
  const keys = parts.keys ?? {
    runnerTokenKey: randomBytes(32),
    operatorToken: randomBytes(24).toString('base64url'),
    secretsKey: randomBytes(32),
  };
  const read = readSettings({
    AGENTRUN_PORT: '0',
    AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
    AGENTRUN_LOG_LEVEL: 'error',
    AGENTRUN_OPERATOR_TOKEN: keys.operatorToken,
    ...settings,
  });
  const platform = createLocalPlatform(read, dataDir, keys.secretsKey, process.env, () => undefined);
  const manager = await startManager({
    settings: read,
    databaseUrl: database.connectionString,
    temporalAddress: temporal.address,
    keys,
    platform: parts.platform?.(platform) ?? platform,
    searchPath: process.env['PATH'] ?? '',
    cacheDir: folders(read).cacheDir,
    logger: loggerOf(parts),
    roles: { api: true, worker: true },
  });
  return {
    url: manager.url ?? '',
    operatorToken: keys.operatorToken,
    database,
    temporal,
    platform,
    dataDir,
    keys,
    leave: async () => manager.stop(),
    async stop() {
      await manager.stop();
      for (const job of await platform.list()) await platform.stop(job.jobName, { graceMs: 0 });
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function loggerOf({ log }: TestManagerParts): Logger {
  if (log !== undefined) return createLogger('trace', log);
  return createLogger(process.env['AGENTRUN_TEST_LOG'] ?? 'silent', pino.destination({ fd: 2, sync: true }));
}
