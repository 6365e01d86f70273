import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../src/config.js';
import { createLocalPlatform } from '../../src/main/local-runners.js';
import { AgentRunProcess } from './agentrun-process.js';
import { Api } from './api.js';
import { createTestDatabase } from './database.js';
import { freePort } from './free-port.js';
import { createTestNamespace } from './temporal-server.js';

/** An API and a worker in processes of their own, over one database, one namespace and one data folder. */
export interface SplitManager {
  readonly api: Api;
  /** As both were given them. */
  readonly settings: Record<string, string>;
  /** Replaceable, as the worker is: a test may end it and start another. */
  server: AgentRunProcess;
  worker: AgentRunProcess;
  /** Ends both and every runner, and leaves nothing. */
  stop(): Promise<void>;
}

/** `more` as in the environment. */
export async function startSplitManager(more: Record<string, string>): Promise<SplitManager> {
  const dataDir = await mkdtemp(join(tmpdir(), 'agentrun-split-'));
  const [database, temporal, port] = await Promise.all([createTestDatabase(), createTestNamespace(), freePort()]);
  const token = randomBytes(24).toString('base64url');
  const settings = {
    AGENTRUN_DATABASE_URL: database.connectionString,
    AGENTRUN_TEMPORAL_ADDRESS: temporal.address,
    AGENTRUN_TEMPORAL_NAMESPACE: temporal.namespace,
    AGENTRUN_DATA_DIR: dataDir,
    AGENTRUN_PORT: String(port),
    AGENTRUN_OPERATOR_TOKEN: token,
    AGENTRUN_TOKEN_KEY: randomBytes(32).toString('hex'),
    AGENTRUN_RUNNER_IDLE_TIMEOUT_MS: '500',
    ...more,
  };
  const [server, worker] = await Promise.all([
    AgentRunProcess.start('api', settings),
    AgentRunProcess.start('worker', settings),
  ]);
  const manager: SplitManager = {
    api: new Api(`http://127.0.0.1:${port}`, token),
    settings,
    server,
    worker,
    async stop() {
      await Promise.all([manager.server.stop(), manager.worker.stop()]);
      const platform = createLocalPlatform(
        readSettings(settings),
        dataDir,
        randomBytes(32),
        process.env,
        () => undefined,
      );
      for (const job of await platform.list()) await platform.stop(job.jobName, { graceMs: 0 });
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return manager;
}
