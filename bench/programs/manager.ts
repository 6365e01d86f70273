// The manager as the embedded stack runs it: API and worker in one process, here over servers that are there already.
import { randomBytes } from 'node:crypto';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { folders, readSettings } from '../../src/config.js';
import { createLocalPlatform } from '../../src/main/local-runners.js';
import { createLogger } from '../../src/main/logger.js';
import { startManager } from '../../src/main/manager.js';
import { programOptions, tellReady } from './program.js';

const { databaseUrl, temporalAddress, dataDir } = programOptions() as {
  databaseUrl: string;
  temporalAddress: string;
  dataDir: string;
};
// Its own lines would stand between the figures.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const settings = readSettings({ AGENTRUN_PORT: '0', AGENTRUN_WORKFLOW_CACHE: process.env['AGENTRUN_WORKFLOW_CACHE'] });
const keys = {
  runnerTokenKey: randomBytes(32),
  operatorToken: randomBytes(24).toString('base64url'),
  secretsKey: randomBytes(32),
};
const manager = await startManager({
  settings,
  databaseUrl,
  temporalAddress,
  keys,
  platform: createLocalPlatform(settings, dataDir, keys.secretsKey, process.env, () => undefined),
  searchPath: process.env['PATH'] ?? '',
  cacheDir: folders(settings).cacheDir,
  logger: createLogger(settings.AGENTRUN_LOG_LEVEL, pino.destination(`${dataDir}/manager.log`)),
  roles: { api: true, worker: true },
});
tellReady({ url: manager.url, operatorToken: keys.operatorToken }, () => manager.stop());
