import { Connection } from '@temporalio/client';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { ensureSearchAttributes, type SearchAttributes } from '../../src/temporal/search-attributes.js';
import { startTemporalDevServer, type TemporalDevServer } from '../../temporal-dev/dev-server.js';
import { resolveTemporalCli, type TemporalCli } from '../../temporal-dev/resolve-cli.js';
import { quietRuntime } from './quiet-runtime.js';
import { stopAtEnd } from './shared.js';

/** Folder of downloaded programs, as the product itself would choose it. */
export const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'agentrun');

/** The temporal program, fetched when it is nowhere. */
export async function temporalCli(): Promise<TemporalCli> {
  return resolveTemporalCli({
    explicitPath: process.env['TEMPORAL_CLI'],
    pathEnv: process.env['PATH'] ?? '',
    cacheDir,
    onProgress: () => undefined,
  });
}

interface SharedServer {
  readonly server: TemporalDevServer;
  readonly connection: Connection;
}

let shared: Promise<SharedServer> | undefined;
let numbered = 0;

/** A Temporal server of the caller's own, which it may kill. */
export async function startTemporalServer(folder: string, port = 0): Promise<TemporalDevServer> {
  const cli = await temporalCli();
  return startTemporalDevServer({
    cliPath: cli.path,
    dbFile: join(folder, 'temporal.db'),
    port,
    uiPort: 0,
    namespace: 'default',
    searchAttributes: SEARCH_ATTRIBUTES,
    logFile: join(folder, 'temporal.log'),
    onProgress: () => undefined,
  });
}

/** A namespace that nobody else uses, on the server that all test files of this process share. */
export async function createTestNamespace(
  searchAttributes: SearchAttributes = SEARCH_ATTRIBUTES,
): Promise<{ address: string; namespace: string }> {
  const { server, connection } = await (shared ??= startShared());
  const namespace = `test-${(numbered += 1)}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await ensureSearchAttributes(connection, namespace, searchAttributes);
  return { address: server.address, namespace };
}

async function startShared(): Promise<SharedServer> {
  quietRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'agentrun-temporal-'));
  const server = await startTemporalServer(folder);
  const connection = await Connection.connect({ address: server.address });
  stopAtEnd(async () => {
    await connection.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { server, connection };
}
