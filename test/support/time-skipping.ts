import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { resolveTestServer } from '../../temporal-dev/resolve-test-server.js';

/** Folder of downloaded programs, as the product itself would choose it. */
export const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'agentrun');

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

/** Once per process, before anything else of the SDK: its own lines would drown the tests'. */
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'error', forward: {} } },
});

/** A Temporal test server in which waiting costs nothing. The caller tears it down. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const { executable } = await resolveTestServer({
    pathEnv: process.env['PATH'] ?? '',
    cacheDir,
    onProgress: () => undefined,
  });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  // This server can add search attributes but not list them, so the product's own way does not work on it.
  const searchAttributes = Object.fromEntries(Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, KEYWORD]));
  await environment.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  return environment;
}
