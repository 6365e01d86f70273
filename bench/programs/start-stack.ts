// How long the embedded stack takes until it answers. `servers`: PostgreSQL and Temporal alone, started as the stack starts them.
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { readSettings } from '../../src/config.js';
import { startEmbeddedStack } from '../../src/main/embedded-stack.js';
import { createLogger } from '../../src/main/logger.js';
import { startServers } from '../servers.js';
import { programOptions, tellReady } from './program.js';

const { dataDir, what } = programOptions() as { dataDir: string; what: 'stack' | 'servers' };
Runtime.install({ logger: new DefaultLogger('ERROR') });
if (what === 'servers') {
  const servers = await startServers(dataDir);
  tellReady({}, () => servers.stop());
} else {
  const stack = await startEmbeddedStack({
    settings: readSettings({ AGENTRUN_PORT: '0', AGENTRUN_DATA_DIR: dataDir }),
    environment: process.env,
    logger: (folder) => createLogger('info', pino.destination(`${folder.logs}/manager.log`)),
    onProgress: () => undefined,
  });
  tellReady({}, () => stack.stop());
}
